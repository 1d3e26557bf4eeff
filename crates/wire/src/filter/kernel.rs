//! A filter as classic BPF (bpf(4), the kernel's filter document), to be run by the kernel.
//!
//! The kernel sees outer headers, we look at the innermost. So the program takes every packet that may turn
//! out to be another one inside: tunnels, tags of unusual kinds, label stacks, fragments, lengths that
//! offloading left out, headers that are cut. Only a plain packet (Ethernet, at most three VLAN tags
//! of which the kernel may have taken out the first, IPv4 or IPv6 without extension headers) is tested, and
//! on those both agree. It may let through more, never less.

use super::{Direction, Filter, Test};
use sentinel_ring::{Insn, Link, MAX_INSNS};
use std::net::IpAddr;

/// Places in the scratch memory: start of the IP header, VLAN id, EtherType, 4 or 6 (0: no IP), protocol,
/// ports, length of the IP header, addresses of one or four words.
const L3: u32 = 0;
const VLAN: u32 = 1;
const TYPE: u32 = 2;
const KIND: u32 = 3;
const PROTO: u32 = 4;
const SPORT: u32 = 5;
const DPORT: u32 = 6;
const HEADER: u32 = 7;
const SRC: u32 = 8;
const DST: u32 = 12;
/// Until ports are read: length of the IP packet, least length of the transport header.
const TOTAL: u32 = SPORT;
const LEAST: u32 = DPORT;
const WORDS: u32 = 16;

/// Opcodes: class, size and mode, operation (linux/bpf_common.h).
const LD_LEN: u16 = 0x80;
const LD_IMM: u16 = 0x00;
const LD_MEM: u16 = 0x60;
const LD_W_ABS: u16 = 0x20;
const LD_H_ABS: u16 = 0x28;
const LD_W_IND: u16 = 0x40;
const LD_H_IND: u16 = 0x48;
const LD_B_IND: u16 = 0x50;
const LDX_IMM: u16 = 0x01;
const LDX_MEM: u16 = 0x61;
const ST: u16 = 0x02;
const ADD_K: u16 = 0x04;
const ADD_X: u16 = 0x0c;
const SUB_X: u16 = 0x1c;
const AND_K: u16 = 0x54;
const LSH_K: u16 = 0x64;
const RSH_K: u16 = 0x74;
const JA: u16 = 0x05;
const JEQ: u16 = 0x15;
const JGT: u16 = 0x25;
const JGE: u16 = 0x35;
const JGE_X: u16 = 0x3d;
const JSET: u16 = 0x45;
const RET: u16 = 0x06;
const TAX: u16 = 0x07;
const TXA: u16 = 0x87;

/// Where the kernel keeps what it took out of a frame (SKF_AD_OFF, linux/filter.h).
const VLAN_TAG: u32 = 0xffff_f000 + 44;
const VLAN_PRESENT: u32 = 0xffff_f000 + 48;

/// EtherTypes of VLAN tags, and of other headers that are walked over.
const TAGS: [u32; 4] = [0x8100, 0x88a8, 0x9100, 0x9200];
const WALKED: [u32; 8] = [0x8847, 0x8848, 0x8864, 0x892f, 0xf1c1, 0x8926, 0x893f, 0x88e7];
/// IP protocols with another packet inside; with IPv6, extension headers too.
const INSIDE: [u32; 6] = [4, 41, 47, 51, 97, 137];
const EXTENSIONS: [u32; 7] = [0, 43, 44, 60, 135, 139, 140];
/// UDP ports of tunnels.
const TUNNELS: [u32; 11] = [1701, 2152, 3386, 3544, 4789, 4790, 5247, 6081, 6635, 8472, 37008];
/// Tags of one frame that are passed over.
const MAX_TAGS: usize = 3;

impl Filter {
    /// The program for an interface, which takes `snaplen` octets (0: all) of what it lets through. `None`:
    /// there is none for its link type, or it would be too long; everything is to be let through then.
    pub fn kernel(&self, link: Link, snaplen: u32) -> Option<Vec<Insn>> {
        let mut a = Assembly::default();
        let [accept, refuse, test] = [a.label(), a.label(), a.label()];
        a.op(LD_IMM, 0);
        (0..WORDS).for_each(|place| a.op(ST, place));
        match (link.cooked, link.number) {
            (false, 1) => ethernet(&mut a, accept, test),
            (false, 101) => bare(&mut a, accept, test),
            _ => return None,
        }
        a.place(test);
        holds(&mut a, &self.0, link.number == 1, accept, refuse);
        a.place(refuse);
        a.op(RET, 0);
        a.place(accept);
        a.op(RET, if snaplen == 0 { u32::MAX } else { snaplen });
        a.finish()
    }
}

type Label = usize;

/// A program that is being written. Jumps are forward, as the kernel wants them.
#[derive(Default)]
struct Assembly {
    code: Vec<Insn>,
    /// Where each label is.
    labels: Vec<usize>,
    /// Jumps, and where they go.
    jumps: Vec<(usize, Label)>,
}

impl Assembly {
    fn op(&mut self, code: u16, k: u32) {
        self.code.push(Insn { code, jt: 0, jf: 0, k });
    }
    fn label(&mut self) -> Label {
        self.labels.push(usize::MAX);
        self.labels.len() - 1
    }
    /// The label is here.
    fn place(&mut self, label: Label) {
        if let Some(at) = self.labels.get_mut(label) {
            *at = self.code.len();
        }
    }
    fn jump(&mut self, to: Label) {
        self.jumps.push((self.code.len(), to));
        self.op(JA, 0);
    }
    /// Goes on if the test holds for the accumulator, else to a label.
    fn need(&mut self, test: u16, k: u32, otherwise: Label) {
        self.code.push(Insn { code: test, jt: 1, jf: 0, k });
        self.jump(otherwise);
    }
    /// Goes on if the test does not hold, else to a label.
    fn unless(&mut self, test: u16, k: u32, then: Label) {
        self.code.push(Insn { code: test, jt: 0, jf: 1, k });
        self.jump(then);
    }
    /// Goes to a label if the accumulator is one of the values.
    fn any(&mut self, values: &[u32], then: Label) {
        values.iter().for_each(|v| self.unless(JEQ, *v, then));
    }
    fn load(&mut self, place: u32) {
        self.op(LD_MEM, place);
    }
    /// Goes on if so many octets are there behind the index register, else to a label.
    fn room(&mut self, octets: u32, otherwise: Label) {
        self.op(LD_LEN, 0);
        self.op(SUB_X, 0);
        self.need(JGE, octets, otherwise);
    }

    /// `None`: too long.
    fn finish(mut self) -> Option<Vec<Insn>> {
        for (at, label) in self.jumps {
            let to = *self.labels.get(label)?;
            self.code.get_mut(at)?.k = u32::try_from(to.checked_sub(at + 1)?).ok()?;
        }
        (self.code.len() <= MAX_INSNS).then_some(self.code)
    }
}

/// Ethernet and its tags.
fn ethernet(a: &mut Assembly, accept: Label, test: Label) {
    let [untagged, typed] = [a.label(), a.label()];
    a.op(LD_LEN, 0);
    a.need(JGE, 14, accept);
    a.op(LD_W_ABS, VLAN_PRESENT);
    a.unless(JEQ, 0, untagged);
    a.op(LD_W_ABS, VLAN_TAG);
    a.op(AND_K, 0xfff);
    a.op(ST, VLAN);
    a.place(untagged);
    a.op(LDX_IMM, 12);
    // the index register is at an EtherType
    for _ in 0..=MAX_TAGS {
        let [tag, known] = [a.label(), a.label()];
        a.op(LD_H_IND, 0);
        a.any(&TAGS, tag);
        a.jump(typed);
        a.place(tag);
        a.room(6, accept);
        a.load(VLAN);
        a.need(JEQ, 0, known);
        a.op(LD_H_IND, 2);
        a.op(AND_K, 0xfff);
        a.op(ST, VLAN);
        a.place(known);
        a.op(TXA, 0);
        a.op(ADD_K, 4);
        a.op(TAX, 0);
    }
    a.jump(accept);
    a.place(typed);
    a.op(ST, TYPE);
    a.op(TXA, 0);
    a.op(ADD_K, 2);
    a.op(TAX, 0);
    a.op(ST, L3);
    let [four, six] = [a.label(), a.label()];
    a.load(TYPE);
    a.unless(JEQ, 0x0800, four);
    a.unless(JEQ, 0x86dd, six);
    // a length: what follows is LLC
    a.need(JGT, 1500, accept);
    a.any(&WALKED, accept);
    a.jump(test);
    ip(a, four, six, accept, test);
}

/// An IP packet without anything in front.
fn bare(a: &mut Assembly, accept: Label, test: Label) {
    let [four, six] = [a.label(), a.label()];
    a.op(LDX_IMM, 0);
    a.room(1, accept);
    a.op(LD_B_IND, 0);
    a.op(RSH_K, 4);
    a.unless(JEQ, 4, four);
    a.unless(JEQ, 6, six);
    a.jump(accept);
    ip(a, four, six, accept, test);
}

/// Both versions; the index register is at their header.
fn ip(a: &mut Assembly, four: Label, six: Label, accept: Label, test: Label) {
    let transport = a.label();
    a.place(four);
    a.room(20, accept);
    a.op(LD_B_IND, 0);
    a.op(RSH_K, 4);
    a.need(JEQ, 4, accept);
    a.op(LD_B_IND, 0);
    a.op(AND_K, 15);
    a.need(JGE, 5, accept);
    a.op(LSH_K, 2);
    a.op(ST, HEADER);
    a.op(LD_H_IND, 2);
    a.unless(JEQ, 0, accept);
    a.op(ST, TOTAL);
    a.op(LD_H_IND, 6);
    a.unless(JSET, 0x3fff, accept);
    a.op(LD_B_IND, 9);
    a.any(&INSIDE, accept);
    a.op(ST, PROTO);
    for (at, place) in [(12, SRC), (16, DST)] {
        a.op(LD_W_IND, at);
        a.op(ST, place);
    }
    a.op(LD_IMM, 4);
    a.op(ST, KIND);
    a.jump(transport);

    a.place(six);
    a.room(40, accept);
    a.op(LD_B_IND, 0);
    a.op(RSH_K, 4);
    a.need(JEQ, 6, accept);
    a.op(LD_H_IND, 4);
    a.unless(JEQ, 0, accept);
    a.op(ADD_K, 40);
    a.op(ST, TOTAL);
    a.op(LD_IMM, 40);
    a.op(ST, HEADER);
    a.op(LD_B_IND, 6);
    a.any(&INSIDE, accept);
    a.any(&EXTENSIONS, accept);
    a.op(ST, PROTO);
    for word in 0..8 {
        a.op(LD_W_IND, 8 + 4 * word);
        a.op(ST, SRC + word);
    }
    a.op(LD_IMM, 6);
    a.op(ST, KIND);

    a.place(transport);
    ports(a, accept, test);
}

/// Ports of TCP, UDP and SCTP, if the whole fixed header is there; tunnels over UDP.
fn ports(a: &mut Assembly, accept: Label, test: Label) {
    let known = a.label();
    for (proto, least) in [(6, 20), (17, 8), (132, 12)] {
        let other = a.label();
        a.load(PROTO);
        a.need(JEQ, proto, other);
        a.op(LD_IMM, least);
        a.op(ST, LEAST);
        a.jump(known);
        a.place(other);
    }
    a.jump(test);
    a.place(known);
    let fits = |a: &mut Assembly| {
        for place in [HEADER, LEAST] {
            a.op(LDX_MEM, place);
            a.need(JGE_X, 0, accept);
            a.op(SUB_X, 0);
        }
    };
    a.load(TOTAL);
    fits(a);
    a.op(LD_LEN, 0);
    a.op(LDX_MEM, L3);
    a.op(SUB_X, 0);
    fits(a);
    a.load(L3);
    a.op(LDX_MEM, HEADER);
    a.op(ADD_X, 0);
    a.op(TAX, 0);
    for (at, place) in [(0, SPORT), (2, DPORT)] {
        a.op(LD_H_IND, at);
        a.op(ST, place);
    }
    a.load(PROTO);
    a.need(JEQ, 17, test);
    for place in [SPORT, DPORT] {
        a.load(place);
        a.any(&TUNNELS, accept);
    }
    // what tunnels begin with on other ports
    a.room(12, test);
    for (mask, value) in
        [(u32::MAX, 0x0800_0000), (0xf0ff_0000, 0x30ff_0000), (0xffff, 0x6558), (0xff00_0000, 0x6000_0000)]
    {
        a.op(LD_W_IND, 8);
        a.op(AND_K, mask);
        a.unless(JEQ, value, accept);
    }
    a.jump(test);
}

/// The filter itself: goes to one of two labels.
fn holds(a: &mut Assembly, test: &Test, framed: bool, yes: Label, no: Label) {
    match test {
        Test::And(left, right) => {
            let more = a.label();
            holds(a, left, framed, more, no);
            a.place(more);
            holds(a, right, framed, yes, no);
        }
        Test::Or(left, right) => {
            let more = a.label();
            holds(a, left, framed, yes, more);
            a.place(more);
            holds(a, right, framed, yes, no);
        }
        Test::Not(inner) => holds(a, inner, framed, no, yes),
        Test::Net(direction, ip, bits) => {
            a.load(KIND);
            a.need(JEQ, if ip.is_ipv4() { 4 } else { 6 }, no);
            sides(a, *direction, SRC, DST, yes, no, |a, at, no| within(a, *ip, *bits, at, no));
        }
        Test::Ports(direction, low, high) => {
            let ported = a.label();
            a.load(PROTO);
            a.any(&[6, 17, 132], ported);
            a.jump(no);
            a.place(ported);
            sides(a, *direction, SPORT, DPORT, yes, no, |a, at, no| {
                a.load(at);
                a.need(JGE, u32::from(*low), no);
                a.unless(JGT, u32::from(*high), no);
            });
        }
        Test::Proto(proto) => {
            a.load(KIND);
            a.unless(JEQ, 0, no);
            equals(a, PROTO, u32::from(*proto), yes, no);
        }
        Test::Version(six) => equals(a, KIND, if *six { 6 } else { 4 }, yes, no),
        Test::EtherType(t) => equals(a, TYPE, u32::from(*t), yes, no),
        Test::Vlan(None) => equals(a, VLAN, 0, no, yes),
        Test::Vlan(Some(0)) => a.jump(no),
        Test::Vlan(Some(id)) => equals(a, VLAN, u32::from(*id), yes, no),
        Test::Ether(..) if !framed => a.jump(no),
        Test::Ether(direction, mac) => {
            let [a0, a1, a2, a3, a4, a5] = *mac;
            let (high, low) = (u32::from_be_bytes([a0, a1, a2, a3]), u32::from_be_bytes([0, 0, a4, a5]));
            sides(a, *direction, 6, 0, yes, no, |a, at, no| {
                a.op(LD_W_ABS, at);
                a.need(JEQ, high, no);
                a.op(LD_H_ABS, at + 4);
                a.need(JEQ, low, no);
            });
        }
    }
}

fn equals(a: &mut Assembly, place: u32, value: u32, yes: Label, no: Label) {
    a.load(place);
    a.need(JEQ, value, no);
    a.jump(yes);
}

/// A test of the source, the destination or either; it goes on where it holds.
fn sides(
    a: &mut Assembly,
    direction: Direction,
    src: u32,
    dst: u32,
    yes: Label,
    no: Label,
    test: impl Fn(&mut Assembly, u32, Label),
) {
    if direction != Direction::Dst {
        let other = a.label();
        test(a, src, if direction == Direction::Src { no } else { other });
        a.jump(yes);
        a.place(other);
    }
    if direction != Direction::Src {
        test(a, dst, no);
        a.jump(yes);
    }
}

/// Goes on if the address at a place is in the network.
fn within(a: &mut Assembly, net: IpAddr, bits: u8, at: u32, no: Label) {
    let octets = match net {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    for (n, word) in octets.chunks_exact(4).enumerate() {
        let word = word.iter().fold(0, |all, b| all << 8 | u32::from(*b));
        let mask = match u32::from(bits).saturating_sub(n as u32 * 32) {
            0 => break,
            32.. => u32::MAX,
            some => u32::MAX << (32 - some),
        };
        a.load(at + n as u32);
        a.op(AND_K, mask);
        a.need(JEQ, word & mask, no);
    }
}

#[cfg(test)]
mod tests;
