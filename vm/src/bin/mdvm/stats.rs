//! What `mdvm run --stats` tells.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use serde_json::{Map, Value, json};

use machine_dialect_vm::{ExitCounts, Opcode, Profile, TierStats, TierTimes, TierUse, Vm};

/// What there is to tell of a run.
pub(crate) struct Stats<'a> {
    pub(crate) steps: u64,
    pub(crate) time: Duration,
    pub(crate) vm: &'a Vm,
    pub(crate) profile: &'a Profile<'a>,
}

impl Stats<'_> {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let Self { steps, time, vm, profile } = self;
        let mut out = String::new();
        let seconds = time.as_secs_f64();
        let _ = writeln!(out, "steps         {steps}");
        let _ = writeln!(out, "calls         {}", profile.of_opcode(Opcode::Call));
        let _ = writeln!(out, "call depth    {}", profile.deepest());
        let _ = writeln!(out, "time          {}", milliseconds(*time));
        if seconds > 0.0 {
            let _ =
                writeln!(out, "speed         {:.1} million steps a second", *steps as f64 / seconds / 1e6);
        }
        append_tiers(&vm.tier_stats(), vm.machine_code(), &mut out);
        let _ = writeln!(out, "values peak   {} bytes, as --max-memory counts", profile.memory_peak());
        if let Some(peak) = peak_memory() {
            let _ = writeln!(out, "memory peak   {peak} KiB, of the whole process");
        }
        let total = profile.steps().max(1) as f64;
        for (opcode, times) in profile.by_opcode() {
            let share = times as f64 / total * 100.0;
            let _ = writeln!(out, "  {:<16} {times:>14} {share:>5.1} %", opcode.spec().mnemonic);
        }
        out
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let Self { steps, time, vm, profile } = self;
        let opcodes: Map<String, Value> = profile
            .by_opcode()
            .into_iter()
            .map(|(opcode, times)| (opcode.spec().mnemonic.to_owned(), times.into()))
            .collect();
        json!({
            "steps": steps,
            "calls": profile.of_opcode(Opcode::Call),
            "call_depth": profile.deepest(),
            "seconds": time.as_secs_f64(),
            "values_peak": profile.memory_peak(),
            "memory_peak": peak_memory().map(|peak| peak * 1024),
            "tiers": tiers_as_json(&vm.tier_stats(), vm.machine_code()),
            "opcodes": opcodes,
        })
    }
}

fn append_tiers(stats: &TierStats, bytes: usize, out: &mut String) {
    let times = stats.times.unwrap_or_default();
    let total = stats.steps.max(1) as f64;
    let mut line = |name: &str, steps: u64, time: Duration, usage: Option<&TierUse>| {
        let share = steps as f64 / total * 100.0;
        let _ = write!(out, "{name:<13} {steps} steps, {share:.1} %, {}", milliseconds(time));
        if let Some(usage) = usage {
            let _ = write!(out, ", entered {}; left: {}", times_of(usage.entries), reasons(&usage.exits));
        }
        out.push('\n');
    };
    line("interpreter", stats.interpreter_steps(), times.interpreter, None);
    if stats.specialised.entries > 0 {
        line("specialised", stats.specialised.steps, times.specialised, Some(&stats.specialised));
    }
    if stats.machine_code.entries > 0 {
        line("jit", stats.machine_code.steps, times.machine_code, Some(&stats.machine_code));
    }
    if stats.blocks > 0 {
        let TierStats { blocks, instructions, side_exits, .. } = stats;
        let time = milliseconds(times.specialising);
        let _ = writeln!(
            out,
            "blocks        {blocks} specialised, of {instructions} instructions, in {time}; {side_exits} side exits between them"
        );
    }
    let made = if stats.compilations > 0 {
        let (often, time) = (times_of(stats.compilations), milliseconds(times.compiling));
        format!("; compiled {often}, {} bytes in all, in {time}", stats.bytes)
    } else {
        String::new()
    };
    let _ = writeln!(out, "machine code  {bytes} bytes{made}");
    let _ = writeln!(out, "given up      {}", given_up(stats));
}

/// What did not pay, or could not be.
fn given_up(stats: &TierStats) -> String {
    let mut parts = Vec::new();
    if stats.is_jit_refused {
        parts.push("machine code, which there cannot be here".to_owned());
    }
    if stats.places_given_up > 0 {
        parts.push(format!("specialised code at {} places", stats.places_given_up));
    }
    for (count, what) in [
        (stats.declined, "entries declined"),
        (stats.pauses, "pauses of machine code"),
        (stats.flushes, "flushes of all code"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn tiers_as_json(stats: &TierStats, bytes: usize) -> Value {
    let TierTimes { interpreter, specialised, machine_code, specialising, compiling, .. } =
        stats.times.unwrap_or_default();
    let tier = |usage: &TierUse, time: Duration| {
        let exits: Map<String, Value> =
            usage.exits.iter().map(|(kind, count)| (kind.name().to_owned(), count.into())).collect();
        json!({
            "entries": usage.entries,
            "steps": usage.steps,
            "seconds": time.as_secs_f64(),
            "exits": exits,
        })
    };
    json!({
        "interpreter": { "steps": stats.interpreter_steps(), "seconds": interpreter.as_secs_f64() },
        "specialised": tier(&stats.specialised, specialised),
        "jit": tier(&stats.machine_code, machine_code),
        "specialising": {
            "blocks": stats.blocks,
            "instructions": stats.instructions,
            "side_exits": stats.side_exits,
            "seconds": specialising.as_secs_f64(),
        },
        "compiling": {
            "compilations": stats.compilations,
            "bytes": stats.bytes,
            "bytes_now": bytes,
            "seconds": compiling.as_secs_f64(),
        },
        "given_up": {
            "jit_refused": stats.is_jit_refused,
            "places": stats.places_given_up,
            "declined": stats.declined,
            "pauses": stats.pauses,
            "flushes": stats.flushes,
        },
    })
}

fn reasons(exits: &ExitCounts) -> String {
    let reasons: Vec<String> = exits.iter().map(|(kind, count)| format!("{} {count}", kind.name())).collect();
    reasons.join(", ")
}

fn times_of(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// The most memory that the process had, in KiB, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
