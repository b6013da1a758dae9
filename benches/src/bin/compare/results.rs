//! What a comparison comes to, and the file it is kept in.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::statistics::{Spread, geometric_mean};

/// What a comparison comes to.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// How the times were taken.
    method: &'static str,
    /// Where.
    pub(crate) machine: Machine,
    /// How often each interpreter ran each kernel, where time allowed.
    pub(crate) rounds: usize,
    /// The interpreters; the machine comes first.
    pub(crate) peers: Vec<PeerInfo>,
    /// For each interpreter but the machine, the geometric mean of its ratios over the kernels that it ran.
    pub(crate) geometric_means: Vec<Mean>,
    /// The kernels.
    pub(crate) kernels: Vec<KernelResults>,
}

/// The computer.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) system: &'static str,
    pub(crate) architecture: &'static str,
}

impl Machine {
    /// The computer this runs on.
    pub(crate) fn this() -> Self {
        // Where there is no such file, the architecture must do.
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        let processor = model.and_then(|line| line.split_once(": ")).map(|(_, name)| name.trim());
        Self {
            processor: processor.unwrap_or(std::env::consts::ARCH).to_owned(),
            system: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
        }
    }
}

/// An interpreter.
#[derive(Debug, Serialize)]
pub(crate) struct PeerInfo {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) version: String,
    /// The processor time of a program that prints a line.
    pub(crate) start_milliseconds: Spread,
    /// How long the same takes.
    pub(crate) start_milliseconds_on_the_clock: Spread,
}

/// The mean of an interpreter.
#[derive(Debug, Serialize)]
pub(crate) struct Mean {
    pub(crate) id: String,
    /// How many times the machine's time.
    pub(crate) ratio: f64,
    /// Over how many kernels.
    pub(crate) kernels: usize,
}

/// A kernel.
#[derive(Debug, Serialize)]
pub(crate) struct KernelResults {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) n: u64,
    pub(crate) machine: Cell,
    /// Those of the other interpreters, in their order.
    pub(crate) others: Vec<(String, Cell)>,
}

/// An interpreter on a kernel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cell {
    /// It gave the right answer in every run.
    Measured(Measured),
    /// It is known not to be able to.
    CannotRun {
        /// Why.
        reason: String,
    },
    /// It gave a wrong answer, or none.
    Failed {
        /// What happened.
        reason: String,
    },
}

/// The times of an interpreter on a kernel, less those for starting.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) n: u64,
    pub(crate) runs: usize,
    pub(crate) milliseconds: Spread,
    /// Those of the machine, at the same size.
    pub(crate) machine_milliseconds: Spread,
    /// How many times those of the machine in the same rounds.
    pub(crate) ratio: Spread,
}

impl Cell {
    /// The times, if there are some.
    pub(crate) fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Measured(measured) => Some(measured),
            Self::CannotRun { .. } | Self::Failed { .. } => None,
        }
    }
}

impl Results {
    pub(crate) fn new(
        machine: Machine,
        rounds: usize,
        peers: Vec<PeerInfo>,
        kernels: Vec<KernelResults>,
    ) -> Self {
        let geometric_means = peers.iter().skip(1).filter_map(|peer| {
            let cells = kernels.iter().flat_map(|kernel| &kernel.others).filter(|(id, _)| *id == peer.id);
            let ratios: Vec<f64> =
                cells.filter_map(|(_, cell)| cell.measured()).map(|measured| measured.ratio.median).collect();
            let kernels = ratios.len();
            Some(Mean { id: peer.id.clone(), ratio: geometric_mean(ratios)?, kernels })
        });
        Self {
            method: "processor time of whole processes, less that of a program that prints a line; medians of paired runs",
            machine,
            rounds,
            geometric_means: geometric_means.collect(),
            peers,
            kernels,
        }
    }

    /// Whether all that ran gave the right answers.
    pub(crate) fn is_right(&self) -> bool {
        let failed = |cell: &Cell| matches!(cell, Cell::Failed { .. });
        !self
            .kernels
            .iter()
            .any(|kernel| failed(&kernel.machine) || kernel.others.iter().any(|(_, cell)| failed(cell)))
    }

    /// Writes them as JSON. The file is the former one or the new one, and never half of it.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        replace(path, &text)
    }
}

/// Puts `text` in the place of what a file held, at once.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // A temporary file is its owner's alone; this one is everybody's to read.
            file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
        }
        file.persist(path)?;
        anyhow::Ok(())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
