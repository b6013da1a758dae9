//! The machine and the reference agree on every single-step vector, and one that lies is refused.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::Duration;

use mdvm_conform::implementation::Launcher;
use mdvm_conform::states::Speaker;
use mdvm_conform::vectors::{check, generate};
use mdvm_spec::Spec;
use serde_json::value::RawValue;

#[test]
fn the_machine_and_the_reference_agree_on_every_vector() {
    let spec = Spec::embedded().unwrap();
    let mut vectors = generate(&spec).unwrap();
    let shown: BTreeSet<&str> = vectors.iter().filter_map(|vector| vector.id.split(' ').next()).collect();
    for opcode in &spec.isa.opcodes {
        assert!(shown.contains(opcode.mnemonic().as_str()), "no vector shows {}", opcode.mnemonic());
    }
    assert!(vectors.len() > 600, "there are only {} vectors", vectors.len());
    let check_all = |launcher: &Launcher| {
        let mut speaker = Speaker::new(launcher, Duration::from_secs(60));
        for vector in &vectors {
            check(vector, &mut speaker).unwrap_or_else(|problem| panic!("{}: {problem}", speaker.name()));
        }
    };
    // The reference takes about as long as both others.
    std::thread::scope(|scope| {
        scope.spawn(|| check_all(&Launcher::reference()));
        [Launcher::rust(), Launcher::rust_jit()].iter().for_each(check_all);
    });
    println!("{} vectors", vectors.len());

    let mut speaker = Speaker::new(&Launcher::rust(), Duration::from_secs(60));
    let add = vectors.iter_mut().find(|vector| vector.id == "add (int, int) next").unwrap();
    let after = add.after.as_ref().unwrap().get().replace("\"pc\": ", "\"pc\": 1");
    add.after = Some(RawValue::from_string(after).unwrap());
    assert!(check(add, &mut speaker).unwrap_err().contains("and not to"));
}
