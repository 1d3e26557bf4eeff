//! Disjoint sets of node numbers: union by smaller root, so that the result does not depend on
//! which of two equal sets is named first.

pub struct Sets {
    parent: Vec<u32>,
}

impl Sets {
    pub fn new(n: usize) -> Sets {
        Sets { parent: (0..n as u32).collect() }
    }
    pub fn root(&mut self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            let up = self.parent[self.parent[i as usize] as usize];
            self.parent[i as usize] = up;
            i = up;
        }
        i
    }
    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high as usize] = low;
    }
}
