//! Counts the instructions of the processor, through valgrind.

use std::process::Command;

use anyhow::{Context as _, Result};
use mdvm_benches::{Kernel, same_answer};

use crate::measure::{Campaign, run};
use crate::peers::{Peer, Peers, Runs};
use crate::stopped;
use crate::table::{number, say, table};

/// Counts what each interpreter executes for each kernel, less what it does for a program that prints a line. Whether all
/// answers were right.
pub(crate) fn count(campaign: &Campaign, kernels: &[Kernel], peers: &Peers) -> Result<bool> {
    let all: Vec<&Peer> = peers.all().collect();
    let hello = campaign.hello()?;
    let mut starts = Vec::new();
    for peer in &all {
        campaign.tell(format!("counting: {}, starting", peer.label));
        starts.push(instructions(peer.hello(&hello))?.0);
    }
    let mut rows = table(
        std::iter::once("millions of instructions".to_owned())
            .chain(all.iter().map(|peer| peer.label.clone()))
            .collect(),
    );
    let mut right = true;
    for kernel in kernels {
        let mut row = vec![kernel.name.clone()];
        let mut machine = None;
        for (peer, start) in all.iter().zip(&starts) {
            if stopped() {
                return Ok(true);
            }
            // Those at another size would not compare.
            let at_full = kernel.upstream.as_ref().is_ok_and(|size| *size == kernel.full);
            if peer.runs == Runs::ModulesOfUpstream && !at_full {
                row.push("–".to_owned());
                continue;
            }
            campaign.tell(format!("counting: {}, {}", peer.label, kernel.name));
            let module = campaign.module(kernel, kernel.full.n)?;
            let (count, answer) = instructions(peer.command(kernel, kernel.full.n, &module))
                .with_context(|| format!("{} on {}", peer.label, kernel.name))?;
            if !same_answer(&answer, &kernel.full.answer) {
                row.push(format!("wrong: {answer}"));
                right = false;
                continue;
            }
            let millions = (count - start).max(0.0) / 1e6;
            let ratio = machine.map(|machine: f64| format!(" ({}×)", number(millions / machine)));
            machine = machine.or(Some(millions));
            row.push(format!("{millions:.1}{}", ratio.unwrap_or_default()));
        }
        rows.add_row(row);
    }
    campaign.done();
    say(&rows.to_string())?;
    Ok(right)
}

/// How many instructions a command executes, and what it prints.
pub(crate) fn instructions(command: Command) -> Result<(f64, String)> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => valgrind.env(name, value),
            None => valgrind.env_remove(name),
        };
    }
    let run = run(valgrind).context("valgrind (apt install valgrind)")?;
    // `==42== Collected : 123456`
    let count =
        run.said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    let count = count.context("valgrind told no count of instructions")?;
    Ok((count.parse().with_context(|| format!("`{count}` is no count"))?, run.answer))
}
