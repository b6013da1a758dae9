//! How time grows with size, and how much memory an array takes.

use anyhow::{Context as _, Result};
use mdvm_benches::Kernel;

use crate::measure::{Campaign, run};
use crate::peers::{Peer, Peers, Runs};
use crate::statistics::Spread;
use crate::stopped;
use crate::table::{number, say, table};

/// How often each size is run.
const ROUNDS: usize = 5;

/// The kernel whose memory is told.
const ARRAY: &str = "array_append";

/// Prints how long each size takes, and how many times that of the size before. The times of the public package do not
/// allow such sizes, so it is left out.
pub(crate) fn growth(campaign: &Campaign, kernels: &[Kernel], peers: &Peers) -> Result<bool> {
    let module = campaign.hello()?;
    for kernel in kernels.iter().filter(|kernel| !kernel.growth.is_empty()) {
        let mut rows = table(
            std::iter::once(format!("{}, ms (times the size before)", kernel.name))
                .chain(kernel.growth.iter().map(|n| format!("n = {n}")))
                .collect(),
        );
        for peer in able(peers) {
            let start = seconds(campaign, peer, kernel, None, &module)?;
            let mut row = vec![peer.label.clone()];
            let mut before: Option<f64> = None;
            for n in &kernel.growth {
                if stopped() {
                    return Ok(true);
                }
                let module = campaign.module(kernel, *n)?;
                let time = (seconds(campaign, peer, kernel, Some(*n), &module)? - start).max(0.0) * 1e3;
                let ratio = before.map(|before| format!(" ({}×)", number(time / before)));
                row.push(format!("{}{}", number(time), ratio.unwrap_or_default()));
                before = Some(time);
            }
            rows.add_row(row);
        }
        campaign.done();
        say(&rows.to_string())?;
    }
    Ok(true)
}

/// The median of some runs, of the kernel or, where there is no size, of the program that prints a line.
fn seconds(
    campaign: &Campaign,
    peer: &Peer,
    kernel: &Kernel,
    n: Option<u64>,
    module: &std::path::Path,
) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        campaign.tell(format!("{}, {}, {}", kernel.name, peer.label, n.map_or(0, |n| n)));
        let command = n.map_or_else(|| peer.hello(module), |n| peer.command(kernel, n, module));
        times.push(run(command).with_context(|| format!("{} on {}", peer.label, kernel.name))?.processor);
    }
    Ok(Spread::of(times).map_or(0.0, |spread| spread.median))
}

/// Prints the most memory that each interpreter holds at once, whole process, for an array of a million ints.
pub(crate) fn memory(campaign: &Campaign, kernels: &[Kernel], peers: &Peers) -> Result<bool> {
    let kernel = kernels.iter().find(|kernel| kernel.name == ARRAY);
    let kernel =
        kernel.with_context(|| format!("--only leaves out {ARRAY}, which is what memory is about"))?;
    let module = campaign.module(kernel, kernel.full.n)?;
    let mut rows = table(["an array of a million ints".to_owned(), "most memory, MB".to_owned()].to_vec());
    for peer in able(peers) {
        if stopped() {
            return Ok(true);
        }
        let ended = run(peer.command(kernel, kernel.full.n, &module))?;
        #[expect(clippy::cast_precision_loss)]
        let megabytes = ended.peak as f64 / 1e6;
        rows.add_row([peer.label.clone(), format!("{megabytes:.1}")]);
    }
    campaign.done();
    say(&rows.to_string())?;
    Ok(true)
}

fn able(peers: &Peers) -> impl Iterator<Item = &Peer> {
    peers.all().filter(|peer| peer.runs != Runs::ModulesOfUpstream)
}
