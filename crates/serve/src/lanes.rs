//! Requests that wait for an answer from the other side, in a bounded queue for each lane.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: SocketAddr,
    pub tls: bool,
    /// The client's certificate in DER; TLS has proven that it holds the key, and nothing else.
    pub certificate: Option<Arc<[u8]>>,
}

/// A status, header fields and a body.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// One request, until it is answered or dropped (the client then gets 500).
#[derive(Debug)]
pub struct Request {
    pub method: String,
    /// As it was sent: percent-encoded.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    pub peer: Arc<Peer>,
    answer: Option<oneshot::Sender<Answer>>,
}

/// Why a lane did not take a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unpassed {
    Full,
    Closed,
}

impl Request {
    pub(crate) fn new(peer: Arc<Peer>, method: String, path: String, query: String) -> Self {
        Request { method, path, query, headers: Vec::new(), body: Bytes::new(), peer, answer: None }
    }

    /// Answers; false if the client is gone, or was answered before.
    pub fn answer(&mut self, answer: Answer) -> bool {
        self.answer.take().is_some_and(|to| to.send(answer).is_ok())
    }

    /// Whether nobody waits for the answer.
    pub fn abandoned(&self) -> bool {
        self.answer.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

struct Queue {
    waiting: VecDeque<Request>,
    open: bool,
    /// How many requests whoever takes them is waiting for: he is not woken for fewer.
    wanted: usize,
}

/// One bounded queue.
pub struct Lane {
    limit: usize,
    queue: Mutex<Queue>,
    ready: Condvar,
}

impl Lane {
    pub fn new(limit: usize) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), open: true, wanted: 1 });
        Lane { limit, queue, ready: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    /// Puts a request at the end; what is received is its answer.
    pub fn put(&self, mut request: Request) -> Result<oneshot::Receiver<Answer>, Unpassed> {
        let (sender, receiver) = oneshot::channel();
        request.answer = Some(sender);
        let mut queue = self.lock();
        if !queue.open {
            return Err(Unpassed::Closed);
        }
        if queue.waiting.len() >= self.limit {
            // Whoever hung up gives way to one who waits.
            queue.waiting.retain(|other| !other.abandoned());
            if queue.waiting.len() >= self.limit {
                return Err(Unpassed::Full);
            }
        }
        queue.waiting.push_back(request);
        let enough = queue.waiting.len() >= queue.wanted;
        drop(queue);
        if enough {
            self.ready.notify_one();
        }
        Ok(receiver)
    }

    /// Up to `max` requests, the oldest first; none after `timeout`, and `None` once the lane is closed and empty.
    /// When there is one, others are gathered for `gather` at most.
    pub fn take(&self, max: usize, timeout: Duration, gather: Duration) -> Option<Vec<Request>> {
        let mut queue = self.lock();
        let until = Instant::now() + timeout;
        loop {
            queue.waiting.retain(|request| !request.abandoned());
            if !queue.waiting.is_empty() {
                break;
            }
            if !queue.open {
                return None;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Vec::new());
            }
            queue.wanted = 1;
            queue = self.ready.wait_timeout(queue, left).unwrap_or_else(|broken| broken.into_inner()).0;
        }
        let until = Instant::now() + gather;
        while queue.open && queue.waiting.len() < max {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            queue.wanted = max;
            queue = self.ready.wait_timeout(queue, left).unwrap_or_else(|broken| broken.into_inner()).0;
        }
        queue.wanted = 1;
        let count = queue.waiting.len().min(max);
        Some(queue.waiting.drain(..count).collect())
    }

    /// Takes nothing more; what waits can still be taken.
    pub fn close(&self) {
        self.lock().open = false;
        self.ready.notify_all();
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> Request {
        let peer = Peer { address: "127.0.0.1:1".parse().unwrap(), tls: false, certificate: None };
        Request::new(Arc::new(peer), "GET".into(), path.into(), String::new())
    }

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn in_order_and_bounded() {
        let lane = Lane::new(2);
        let mut first = lane.put(request("/1")).unwrap();
        let _second = lane.put(request("/2")).unwrap();
        assert_eq!(lane.put(request("/3")).unwrap_err(), Unpassed::Full);
        let mut taken = lane.take(1, NOW, NOW).unwrap();
        assert_eq!(taken[0].path, "/1");
        assert!(taken[0].answer(Answer { status: 200, ..Answer::default() }));
        assert_eq!(first.try_recv().unwrap().status, 200);
        assert!(!taken[0].answer(Answer::default()), "answered once");
        assert_eq!(lane.take(5, NOW, NOW).unwrap().len(), 1);
        assert!(lane.take(5, NOW, NOW).unwrap().is_empty());
    }

    #[test]
    fn who_hung_up_is_not_served() {
        let lane = Lane::new(1);
        drop(lane.put(request("/gone")).unwrap());
        let _receiver = lane.put(request("/here")).unwrap();
        let taken = lane.take(9, NOW, NOW).unwrap();
        assert_eq!(taken.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["/here"]);
    }

    #[test]
    fn closed_when_empty() {
        let lane = Lane::new(4);
        let _receiver = lane.put(request("/1")).unwrap();
        lane.close();
        assert_eq!(lane.put(request("/2")).unwrap_err(), Unpassed::Closed);
        assert_eq!(lane.take(4, NOW, NOW).unwrap().len(), 1);
        assert!(lane.take(4, NOW, NOW).is_none());
    }

    #[test]
    fn gathers_until_full_and_not_for_ever() {
        let lane = Arc::new(Lane::new(100));
        let long = Duration::from_secs(60);
        let filler = {
            let lane = lane.clone();
            std::thread::spawn(move || (0..10).map(|_| lane.put(request("/")).unwrap()).collect::<Vec<_>>())
        };
        assert_eq!(lane.take(10, long, long).unwrap().len(), 10);
        drop(filler.join().unwrap());
        let _one = lane.put(request("/")).unwrap();
        assert_eq!(lane.take(10, long, Duration::from_millis(1)).unwrap().len(), 1);
    }

    #[test]
    fn dropped_without_answer() {
        let lane = Lane::new(1);
        let mut receiver = lane.put(request("/")).unwrap();
        drop(lane.take(1, NOW, NOW));
        assert_eq!(receiver.try_recv().unwrap_err(), oneshot::error::TryRecvError::Closed);
    }
}
