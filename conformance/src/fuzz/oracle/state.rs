//! Any state of a module: it is refused with an error that says why, or the run goes on, alike in every tier.

use std::sync::OnceLock;

use machine_dialect_vm::{Limits, Run, State, StateError, Tiers, Vm, assemble};
use serde_json::Value as Json;

use super::{MEMORY, OUTPUT, check_end};
use crate::fuzz::machine::Ran;

/// How many steps a run may take beyond its state.
const STEPS: u64 = 3_000;
/// The module that the states are of: calls, phis, scopes, tags, and values that share parts, in a loop that gets hot.
const MODULE: &str = include_str!("state.mdasm");
/// A run of it that takes no more steps has seen all of it.
const SEEN: u64 = 2_048;

/// Text that begins with a brace is a state. All other bytes choose a step, two bytes, at which the module stops, and changes to its
/// state: five bytes each, for what is done, where, and with which number.
pub(super) fn state(input: &[u8]) {
    let vm = module();
    let text = match input {
        [b'{', ..] => String::from_utf8_lossy(input).into_owned(),
        [low, high, changes @ ..] => {
            let step = (u64::from(*low) | u64::from(*high) << 8) % SEEN;
            let tiers = if high & 0x80 == 0 { Tiers::EagerJit } else { Tiers::Interpreter };
            let mut text = stopped(vm, tiers, step);
            for change in changes.chunks_exact(5).take(64) {
                let number = |place: usize| usize::from(change[place]) | usize::from(change[place + 1]) << 8;
                text = changed(&text, change[0], number(1), number(3));
            }
            text
        }
        _ => return,
    };
    goes_on_or_not(vm, &text);
    // What comes from elsewhere names another module, and would all be refused for that.
    if let Ok(mut json) = serde_json::from_str::<Json>(&text)
        && let Some(place) = json.get_mut("module")
    {
        *place = Json::from(module_hash());
        goes_on_or_not(vm, &json.to_string());
    }
}

fn module() -> &'static Vm {
    thread_local! {
        static VM: &'static Vm = {
            #[expect(clippy::expect_used, reason = "a test looks at each target")]
            let module = assemble(MODULE).expect("the module of the target is assembly");
            // A machine stays on its thread, and this one as long as that.
            Box::leak(Box::new(Vm::new(module)))
        };
    }
    VM.with(|vm| *vm)
}

fn module_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let state = stopped(module(), Tiers::Interpreter, 0);
        State::from_json(&state).map(|state| state.module_hash().to_owned()).unwrap_or_default()
    })
}

fn limits(steps: u64) -> Limits {
    Limits { max_steps: Some(steps), max_memory: Some(MEMORY), max_output: Some(OUTPUT), ..Limits::default() }
}

/// The state at a step, as JSON.
pub(in crate::fuzz) fn stopped(vm: &Vm, tiers: Tiers, step: u64) -> String {
    let run = vm.run(Run::new(&mut ()).limits(limits(SEEN)).tiers(tiers).stop_at(step));
    let state = run.ok().and_then(|completion| completion.state);
    assert!(state.is_some(), "the module of the target stops at step {step}");
    state.map(|state| state.to_json()).unwrap_or_default()
}

/// The states that fuzzing begins with.
pub(in crate::fuzz) fn seeds() -> Vec<(String, Vec<u8>)> {
    let vm = module();
    let texts = (0..160).map(|index| {
        let step = index * 11 + index * index % 7;
        (format!("state-{step}.json"), stopped(vm, Tiers::Interpreter, step).into_bytes())
    });
    let changes = (0..80_u8).map(|index| {
        let step = u16::from(index) * 23;
        let mut bytes = step.to_le_bytes().to_vec();
        bytes.extend([index % 6, index.wrapping_mul(37), 0, index.wrapping_mul(101), index % 2]);
        (format!("changes-{index}"), bytes)
    });
    texts.chain(changes).collect()
}

/// A text with a change: a number or a name becomes another, or letters do.
fn changed(text: &str, what: u8, place: usize, number: usize) -> String {
    let tokens: Vec<(usize, usize)> = tokens(text);
    let Some((begin, end)) = tokens.get(place % tokens.len().max(1)).copied() else { return text.to_owned() };
    let other = tokens.get(number % tokens.len()).map_or("", |(begin, end)| &text[*begin..*end]);
    let by = match what % 6 {
        0 => number.to_string(),
        1 => [u64::MAX, 1 << 63, (1 << 63) - 1, u64::from(u32::MAX), 256, 1 << 16][number % 6].to_string(),
        2 => format!("-{number}"),
        3 => other.to_owned(),
        4 => String::new(),
        _ => [
            "null",
            "[]",
            "{}",
            "true",
            "\"\"",
            "{\"object\": 0}",
            "{\"float\": \"nan\"}",
            "{\"constant\": 1}",
        ][number % 8]
            .to_owned(),
    };
    format!("{}{by}{}", &text[..begin], &text[end..])
}

/// Where numbers and strings stand in a JSON text that has no others.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '"';
    let mut tokens = Vec::new();
    let mut begin = None;
    for (place, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (begin, is_part(letter)) {
            (None, true) => begin = Some(place),
            (Some(start), false) => {
                tokens.push((start, place));
                begin = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    tokens
}

fn goes_on_or_not(vm: &Vm, text: &str) {
    let state = match State::from_json(text) {
        Ok(state) => state,
        Err(error) => return check_error(&error, text),
    };
    let json = state.to_json();
    let again = State::from_json(&json).map(|state| state.to_json());
    assert!(again.as_ref() == Ok(&json), "a state is another one once it is read again: {json}");
    let most = state.steps().saturating_add(STEPS);
    let run = |tiers, stop: Option<u64>, state: &State| {
        let mut stdout = String::new();
        let run = Run::new(&mut stdout).limits(limits(most)).tiers(tiers);
        let run = stop.into_iter().fold(run, Run::stop_at);
        vm.resume(state, run).map(|result| Ran { result, stdout })
    };
    let whole = match run(Tiers::Interpreter, None, &state) {
        Ok(ran) => ran,
        Err(error) => {
            let other = run(Tiers::EagerJit, None, &state).err();
            assert!(other.as_ref() == Some(&error), "{other:?} instead of {error:?}");
            return check_error(&error, text);
        }
    };
    if !whole.is_light() {
        return;
    }
    check_end(&whole.result, most);
    let told = whole.told();
    for tiers in [Tiers::Auto, Tiers::EagerSpecialised, Tiers::EagerJit] {
        let other = run(tiers, None, &state).map(|ran| ran.told());
        assert!(
            other.as_ref() == Ok(&told),
            "the baseline interpreter gives\n{told}\nand {tiers:?}\n{other:?}"
        );
    }
    // On the way it may stop again.
    let step = state.steps().saturating_add(state.steps() % 700);
    let Ok(Ran { result: Ok(completion), stdout }) = run(Tiers::EagerJit, Some(step), &state) else { return };
    let Some(further) = completion.state else { return };
    let ended = run(Tiers::Interpreter, None, &further);
    let ended = ended.map(|ran| Ran { stdout: stdout + &ran.stdout, ..ran }.told());
    assert!(ended.as_ref() == Ok(&told), "in one go it gives\n{told}\nand stopped at {step}\n{ended:?}");
}

fn check_error(error: &StateError, text: &str) {
    let message = error.to_string();
    assert!(!message.is_empty() && message.len() < 8 * text.len() + 400, "{message}");
}
