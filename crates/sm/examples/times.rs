//! What takes how long: `cargo run --release -p sentinel-sm --example times`.
use sentinel_sm::SecretKey;
use std::time::Instant;

fn each(what: &str, mut work: impl FnMut()) {
    (0..200).for_each(|_| work());
    let start = Instant::now();
    (0..5000).for_each(|_| work());
    println!("{what:12} {:8.1} us", start.elapsed().as_secs_f64() / 5000.0 * 1e6);
}

fn main() {
    let key = SecretKey::generate().expect("a key");
    let point = key.public().0;
    let signature = key.sign_digest(&[7; 32]).expect("a signature");
    each("sign", || {
        std::hint::black_box(key.sign_digest(&[7; 32]).expect("a signature"));
    });
    each("verify", || key.public().verify_digest(&[7; 32], &signature).expect("it holds"));
    each("encrypt", || {
        std::hint::black_box(key.public().encrypt(&[7; 16]).expect("a ciphertext"));
    });
    each("move", || {
        std::hint::black_box(point.moved(&[7; 32]));
    });
}
