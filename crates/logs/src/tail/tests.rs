//! A model of what happens to a log and to its reader, compared with a scan of all files at the end.

use super::*;
use crate::run::Logs;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::fs::File;
use std::io::Write;
use std::path::Path;

const NOW: Timing = Timing {
    poll: Duration::ZERO,
    look: Duration::ZERO,
    share: 0,
    leave: Duration::ZERO,
    leave_alone: Duration::from_secs(3600),
    search: Duration::from_secs(3600),
    packed: Duration::ZERO,
};

/// What is done to `eve.json` and to who follows it.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Whole lines.
    Lines(u8),
    /// The line before once more, word for word.
    Again,
    /// Half a line; the next write brings the rest.
    Half,
    Rename,
    CopyTruncate,
    /// The oldest rotated file is compressed.
    Compress,
    Read,
    /// Events and positions are kept.
    Commit,
    /// The reader dies; what it did since the last commit is gone.
    Kill,
}

struct World {
    at: PathBuf,
    writer: Option<File>,
    rest: Option<Vec<u8>>,
    last: Option<Vec<u8>>,
    lines: u64,
    rotated: Vec<PathBuf>,
    names: u32,
    tails: Tails,
    taken: Vec<u128>,
    kept: (Vec<u128>, Option<Vec<u8>>),
}

fn line(n: u64) -> Vec<u8> {
    let pad = "x".repeat(usize::try_from(n * 37 % 400).unwrap());
    format!(
        "{{\"timestamp\":\"2023-11-14T22:{:02}:{:02}.{:06}Z\",\"event_type\":\"alert\",\"src_ip\":\"10.0.0.9\",\
         \"src_port\":5,\"dest_ip\":\"10.0.0.2\",\"dest_port\":502,\"proto\":\"TCP\",\"pad\":\"{pad}\",\
         \"alert\":{{\"signature_id\":1,\"signature\":\"s\",\"severity\":2,\"category\":\"c\"}}}}\n",
        n / 3600 % 60,
        n / 60 % 60,
        n
    )
    .into_bytes()
}

impl World {
    fn new(name: &str) -> World {
        let at = std::env::temp_dir().join(format!("sentinel-tails-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&at);
        fs::create_dir_all(&at).unwrap();
        World {
            tails: Tails::new(&[at.join("eve.json")], None, NOW).unwrap(),
            at,
            writer: None,
            rest: None,
            last: None,
            lines: 0,
            rotated: Vec::new(),
            names: 0,
            taken: Vec::new(),
            kept: (Vec::new(), None),
        }
    }
    fn live(&self) -> PathBuf {
        self.at.join("eve.json")
    }
    fn write(&mut self, bytes: &[u8]) {
        let live = self.live();
        let file =
            self.writer.get_or_insert_with(|| File::options().append(true).create(true).open(live).unwrap());
        if let Some(rest) = self.rest.take() {
            file.write_all(&rest).unwrap();
        }
        file.write_all(bytes).unwrap();
    }
    fn next_name(&mut self) -> PathBuf {
        self.names += 1;
        self.at.join(format!("eve.json.{}", self.names))
    }
    fn act(&mut self, act: Act) {
        match act {
            Act::Lines(n) => {
                for _ in 0..n {
                    self.lines += 1;
                    let line = line(self.lines);
                    self.write(&line);
                    self.last = Some(line);
                }
            }
            Act::Again => {
                if let Some(line) = self.last.clone() {
                    self.write(&line);
                }
            }
            Act::Half => {
                self.write(b"");
                self.lines += 1;
                let mut first = line(self.lines);
                self.last = Some(first.clone());
                let rest = first.split_off(first.len() * 2 / 3);
                self.write(&first);
                self.rest = Some(rest);
            }
            Act::Rename => {
                self.write(b"");
                self.writer = None;
                self.last = None;
                let to = self.next_name();
                fs::rename(self.live(), &to).unwrap();
                self.rotated.push(to);
            }
            Act::CopyTruncate => {
                self.write(b"");
                self.last = None;
                let to = self.next_name();
                fs::copy(self.live(), &to).unwrap();
                self.writer.as_ref().unwrap().set_len(0).unwrap();
                self.rotated.push(to);
            }
            Act::Compress => {
                let plain = self.rotated.iter().find(|p| p.extension().is_some_and(|e| e != "gz")).cloned();
                let Some(plain) = plain else { return };
                let packed = PathBuf::from(format!("{}.gz", plain.display()));
                let mut out = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
                out.write_all(&fs::read(&plain).unwrap()).unwrap();
                out.finish().unwrap();
                fs::remove_file(&plain).unwrap();
                *self.rotated.iter_mut().find(|p| **p == plain).unwrap() = packed;
            }
            Act::Read => self.read(),
            Act::Commit => {
                self.read();
                self.kept = (self.taken.clone(), Some(self.tails.positions()));
            }
            Act::Kill => {
                self.taken = self.kept.0.clone();
                let state = self.kept.1.as_deref();
                self.tails = Tails::new(&[self.live()], state, NOW).unwrap();
            }
        }
    }
    fn read(&mut self) {
        self.tails.step(Duration::ZERO);
        self.taken.extend(self.tails.take_events().0.iter().map(|e| e.id));
    }
    /// Reads until nothing comes any more.
    fn settle(&mut self) {
        // one turn a step: what is no event, a cut or the end of a compressed file, takes some too
        let mut quiet = 0;
        while quiet < 12 {
            let before = self.taken.len();
            self.read();
            quiet = if self.taken.len() == before { quiet + 1 } else { 0 };
        }
    }
    fn check(&mut self) -> Result<(), TestCaseError> {
        self.write(b"");
        self.settle();
        let mut files = self.rotated.clone();
        files.push(self.live());
        let mut want = scan(&files);
        want.sort_unstable();
        let mut got = self.taken.clone();
        got.sort_unstable();
        let missing = want.iter().filter(|id| !got.contains(id)).count();
        prop_assert_eq!(got.len(), want.len(), "{} missing, {:?}", missing, self.tails.counts());
        prop_assert_eq!(got, want);
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.at);
    }
}

fn scan(files: &[PathBuf]) -> Vec<u128> {
    let files: Vec<PathBuf> =
        files.iter().filter(|f| fs::metadata(f).is_ok_and(|m| m.len() > 0)).cloned().collect();
    let mut logs = Logs::open(&files, true, false);
    let mut ids = Vec::new();
    loop {
        let over = logs.step(Duration::from_secs(1), Micros::MAX);
        ids.extend(logs.take_events().iter().map(|e| e.id));
        if over {
            return ids;
        }
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (1u8..6).prop_map(Act::Lines),
        1 => Just(Act::Again),
        2 => Just(Act::Half),
        2 => Just(Act::Rename),
        2 => Just(Act::CopyTruncate),
        2 => Just(Act::Compress),
        6 => Just(Act::Read),
        2 => Just(Act::Commit),
        1 => Just(Act::Kill),
    ]
}

fn run(name: &str, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut world = World::new(name);
    // the reader knows the log before anything happens to it
    world.act(Act::Lines(1));
    world.act(Act::Commit);
    for act in acts {
        world.act(*act);
    }
    world.check()
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2000, ..ProptestConfig::default() })]
    #[test]
    fn each_line_once_whatever_happens(acts in proptest::collection::vec(act(), 0..40)) {
        run("model", &acts)?;
    }
}

fn tails(at: &Path, timing: Timing) -> Tails {
    Tails::new(&[at.to_owned()], None, timing).unwrap()
}
fn ids(tails: &mut Tails) -> Vec<u128> {
    let mut out = Vec::new();
    let mut quiet = 0;
    while quiet < 12 {
        tails.step(Duration::from_micros(1));
        let before = out.len();
        out.extend(tails.take_events().0.iter().map(|e| e.id));
        quiet = if out.len() == before { quiet + 1 } else { 0 };
    }
    out
}

#[test]
fn a_folder_with_logs_of_all_kinds() {
    let world = World::new("kinds");
    let tsv = "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.resp_h\tquery\n1.5\tC\t10.0.0.1\t10.0.0.2\ta\n";
    fs::write(world.at.join("dns.log"), tsv).unwrap();
    fs::write(world.at.join("conn.log"), "{\"ts\":1.0,\"uid\":\"C\",\"id.orig_h\":\"10.0.0.1\",\"id.resp_h\":\"10.0.0.2\",\"conn_state\":\"SF\"}\n").unwrap();
    fs::write(world.at.join("eve.json"), line(1)).unwrap();
    fs::write(world.at.join("other.json"), "{\"a\":1}\n".repeat(80)).unwrap();
    fs::write(world.at.join("noise.log"), "some text\n").unwrap();
    let mut follow = tails(&world.at, NOW);
    assert_eq!(ids(&mut follow).len(), 3);
    let counts = follow.counts();
    let kinds: Vec<(&str, u64)> = counts.iter().map(|(_, c, ..)| (c.kind, c.lines)).collect();
    assert_eq!(kinds, [("zeek", 1), ("zeek", 1), ("eve", 1)]);
    // the header is not needed again after a restart, and another one holds from where it stands on
    let state = follow.positions();
    let mut file = File::options().append(true).open(world.at.join("dns.log")).unwrap();
    file.write_all(b"2.5\tC\t10.0.0.1\t10.0.0.2\tb\n#fields\tquery\tts\nc\t3.5\n").unwrap();
    let mut follow = Tails::new(std::slice::from_ref(&world.at), Some(&state), NOW).unwrap();
    follow.step(Duration::ZERO);
    let (events, names) = follow.take_events();
    let asked: Vec<Option<&str>> = events.iter().map(|e| e.text("dns.question.name")).collect();
    assert_eq!(asked, [Some("b"), Some("c")]);
    assert!(names[0].ends_with("dns.log"));
    let numbers: Vec<u64> = events.iter().map(|e| e.frame).collect();
    assert_eq!(numbers, [5, 7]);
    let (obs, sources) = follow.harvest();
    assert_eq!((obs.hosts.len(), sources.len()), (2, 1));
    assert_eq!(follow.harvest().0.hosts.len(), 0);
}

#[test]
fn a_hole_carriage_returns_and_lines_that_are_too_long() {
    let world = World::new("odd");
    let mut text = vec![0; 300_000];
    text.extend(line(1).strip_suffix(b"\n").unwrap());
    text.extend(b"\r\n");
    text.extend(b"{\"timestamp\":\"");
    text.extend(vec![b'x'; crate::lines::LONGEST + 5_000_000]);
    fs::write(world.live(), &text).unwrap();
    let mut follow = tails(&world.live(), NOW);
    let mut got = ids(&mut follow);
    let state = follow.positions();
    let mut follow = Tails::new(&[world.live()], Some(&state), NOW).unwrap();
    got.extend(ids(&mut follow));
    let mut file = File::options().append(true).open(world.live()).unwrap();
    file.write_all(b"yyy\n").unwrap();
    file.write_all(&line(2)).unwrap();
    file.write_all(b"no json\n").unwrap();
    got.extend(ids(&mut follow));
    let plain = world.at.join("plain.json");
    fs::write(&plain, [line(1), line(2)].concat()).unwrap();
    assert_eq!(got, scan(&[plain]));
    let (_, counts, lag, waiting) = &follow.counts()[0];
    assert_eq!((counts.lines, counts.bad, *lag, waiting), (1, 2, 0, &None));
    assert!(counts.last_bad.as_ref().unwrap().starts_with("line 4: "), "{counts:?}");
}

#[test]
fn a_rotated_file_is_left_with_what_stands_behind_its_last_line_end() {
    let mut world = World::new("left");
    world.act(Act::Lines(2));
    world.read();
    let mut half = line(3);
    half.pop();
    world.write(&half);
    world.read();
    assert_eq!(world.taken.len(), 2);
    world.act(Act::Rename);
    world.settle();
    assert_eq!(world.taken.len(), 2, "nobody took its name: more may come");
    world.act(Act::Lines(1));
    world.settle();
    assert_eq!(world.taken.len(), 4);
    assert_eq!(world.tails.totals()[2], ("done", 1));
    world.check().unwrap();
}

#[test]
fn a_writer_that_goes_on_writing_to_the_renamed_file_is_read() {
    let mut world = World::new("late");
    world.act(Act::Lines(2));
    world.read();
    let to = world.next_name();
    fs::rename(world.live(), &to).unwrap();
    world.read();
    world.act(Act::Lines(2));
    world.settle();
    assert_eq!(world.taken.len(), 4);
    world.rotated.push(to);
    world.writer = None;
    world.act(Act::Lines(1));
    world.check().unwrap();
}

#[test]
fn deleted_replaced_and_made_anew() {
    let mut world = World::new("anew");
    world.act(Act::Lines(2));
    world.settle();
    fs::remove_file(world.live()).unwrap();
    world.writer = None;
    world.act(Act::Lines(1));
    world.settle();
    fs::write(world.at.join("new"), line(50)).unwrap();
    fs::rename(world.at.join("new"), world.live()).unwrap();
    world.settle();
    assert_eq!(world.taken.len(), 4);
    // the same inode with other contents, longer than before
    fs::write(world.live(), [line(51), line(52), line(53)].concat()).unwrap();
    world.settle();
    assert_eq!(world.taken.len(), 7);
    let counts = &world.tails.counts()[0].1;
    assert_eq!((counts.truncations, counts.rotations), (1, 2));
}

#[test]
fn a_rest_that_is_gone_is_counted() {
    let mut world = World::new("gone");
    world.act(Act::Lines(2));
    world.act(Act::Commit);
    let (_, state) = world.kept.clone();
    fs::remove_file(world.live()).unwrap();
    let timing = Timing { search: Duration::ZERO, ..NOW };
    let mut follow = Tails::new(&[world.live()], state.as_deref(), timing).unwrap();
    assert_eq!(ids(&mut follow).len(), 0);
    assert_eq!(follow.counts()[0].1.lost, 1);
}

#[test]
fn a_copy_in_the_folder_is_not_read_twice() {
    let world = World::new("copy");
    fs::write(world.live(), [line(1), line(2)].concat()).unwrap();
    let mut follow = tails(&world.at, NOW);
    assert_eq!(ids(&mut follow).len(), 2);
    fs::copy(world.live(), world.at.join("eve-20261130.json")).unwrap();
    assert_eq!(ids(&mut follow).len(), 0);
    // renamed within the pattern, then compared by inode
    fs::rename(world.live(), world.at.join("eve-20261201.json")).unwrap();
    fs::write(world.live(), line(9)).unwrap();
    assert_eq!(ids(&mut follow).len(), 1);
    let mut file = File::options().append(true).open(world.at.join("eve-20261201.json")).unwrap();
    file.write_all(&line(3)).unwrap();
    assert_eq!(ids(&mut follow).len(), 1, "a file that was left grows again");
    let state = follow.positions();
    let mut follow = Tails::new(std::slice::from_ref(&world.at), Some(&state), NOW).unwrap();
    let again = ids(&mut follow);
    assert_eq!(again.len(), 0);
}

#[test]
fn positions_that_are_none_are_refused() {
    for state in [&b""[..], b"{}", b"[1]", br#"{"version":9,"time":0,"tails":[],"done":[]}"#] {
        let refused = Tails::new(&[], Some(state), NOW).err().unwrap();
        assert!(refused.starts_with("positions of logs: "), "{refused}");
    }
}

#[test]
fn more_files_than_handles() {
    let world = World::new("many");
    let many = MOST_HANDLES + 30;
    for n in 0..many {
        fs::write(world.at.join(format!("e{n}.json")), line(n as u64)).unwrap();
    }
    let seldom = Duration::from_millis(20);
    let mut follow = tails(&world.at, Timing { poll: seldom, look: seldom, ..NOW });
    let mut all = || {
        let mut got = 0;
        let begin = Instant::now();
        while got < many && begin.elapsed() < Duration::from_secs(60) {
            follow.step(seldom);
            got += follow.take_events().0.len();
        }
        // handles are given back at the next look at the files
        (0..3).for_each(|_| follow.step(seldom));
        (got, follow.totals()[1])
    };
    assert_eq!(all(), (many, ("handles", MOST_HANDLES as u64)));
    for n in 0..many {
        let mut file = File::options().append(true).open(world.at.join(format!("e{n}.json"))).unwrap();
        file.write_all(&line(9000 + n as u64)).unwrap();
    }
    assert_eq!(all().0, many);
}
