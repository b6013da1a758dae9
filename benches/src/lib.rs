//! The kernels: small programs that each do one thing many times, in `benches/kernels`, as assembly, in Lua and in Python.
//!
//! The assembly tells in its first lines what the kernel does, how big it is, and what it must come to.

pub mod modules;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use machine_dialect_vm::{Module, assemble};

/// The line that loads the size ends with this, and with nothing else.
const SIZE_MARK: &str = "; n";

/// The folder of the benches.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A kernel, as its first lines describe it.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// The name of its files.
    pub name: String,
    /// What it does, in a sentence.
    pub summary: String,
    /// The size that is measured.
    pub full: Size,
    /// A size that takes no time, for tests.
    pub small: Size,
    /// The size at which instructions are counted where that takes long: the full one, where no other is told.
    pub counted: Size,
    /// The size at which the public package is measured, or the reason why it cannot run the kernel.
    pub upstream: Result<Size, String>,
    /// The sizes at which growth is measured, each twice the one before; empty where it is not.
    pub growth: Vec<u64>,
    assembly: String,
}

/// A size of a kernel, and what it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Size {
    /// The size.
    pub n: u64,
    /// What the kernel prints.
    pub answer: String,
}

impl Kernel {
    /// All kernels, in order of their names.
    ///
    /// # Errors
    /// Fails when a file cannot be read, when its first lines do not describe a kernel, or when there is none at all.
    pub fn all() -> Result<Vec<Self>> {
        let folder = folder().join("kernels");
        let mut kernels = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "mdasm") {
                kernels.push(Self::read(&path).with_context(|| path.display().to_string())?);
            }
        }
        ensure!(!kernels.is_empty(), "no kernel in {}", folder.display());
        kernels.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(kernels)
    }

    fn read(path: &Path) -> Result<Self> {
        let assembly = fs::read_to_string(path)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let comment = |line: &'static str| field(&assembly, line);
        let Some(summary) = assembly.lines().next().and_then(|line| line.strip_prefix("; ")) else {
            bail!("the first line is no comment that says what the kernel does");
        };
        let upstream = comment("upstream").context("no line `; upstream: …`")?;
        let growth = match comment("growth").map(|sizes| sizes.trim_start_matches("n = ")) {
            Some(sizes) => sizes.split(", ").map(str::parse).collect::<Result<_, _>>().context("growth")?,
            None => Vec::new(),
        };
        let full = size(comment("full").unwrap_or_default()).context("`; full: n = … gives …`")?;
        let counted = comment("counted").map_or_else(|| Ok(full.clone()), size);
        Ok(Self {
            summary: summary.to_owned(),
            counted: counted.context("`; counted: n = … gives …`")?,
            full,
            small: size(comment("small").unwrap_or_default()).context("`; small: n = … gives …`")?,
            upstream: size(upstream).map_err(|_| upstream.to_owned()),
            growth,
            name,
            assembly,
        })
    }

    /// The assembly, for that size.
    ///
    /// # Errors
    /// Fails when not just one line loads the size.
    pub fn assembly(&self, n: u64) -> Result<String> {
        let marked = |line: &&str| line.ends_with(SIZE_MARK);
        ensure!(
            self.assembly.lines().filter(marked).count() == 1,
            "{}: not just one line loads the size and ends with `{SIZE_MARK}`",
            self.name
        );
        let lines = self.assembly.lines().map(|line| match line.rsplit_once(", ") {
            Some((load, _)) if marked(&line) => format!("{load}, {n}\n"),
            _ => format!("{line}\n"),
        });
        Ok(lines.collect())
    }

    /// The module, for that size.
    ///
    /// # Errors
    /// Fails when the assembly is wrong.
    pub fn module(&self, n: u64) -> Result<Module> {
        Ok(assemble(&self.assembly(n)?)?)
    }

    /// The file of the same kernel in another language, `lua` or `py`. `variant` is what an interpreter may need instead,
    /// `luajit.lua`; it is taken where it is there.
    #[must_use]
    pub fn twin(&self, extension: &str, variant: Option<&str>) -> PathBuf {
        let path = |extension: &str| folder().join("kernels").join(format!("{}.{extension}", self.name));
        variant.map(path).filter(|path| path.exists()).unwrap_or_else(|| path(extension))
    }
}

/// What is after `; name: ` in the lines before the first that is no comment.
fn field<'a>(assembly: &'a str, name: &str) -> Option<&'a str> {
    let comments = assembly.lines().map_while(|line| line.strip_prefix("; "));
    comments.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Reads `n = 25 gives 75025`.
fn size(text: &str) -> Result<Size> {
    let (n, answer) = text
        .strip_prefix("n = ")
        .and_then(|rest| rest.split_once(" gives "))
        .with_context(|| format!("expected `n = … gives …`, found `{text}`"))?;
    Ok(Size { n: n.parse().with_context(|| format!("`{n}` is no size"))?, answer: answer.to_owned() })
}

/// Whether two printed answers are the same value. Languages print floats differently, so those are read again.
#[must_use]
pub fn same_answer(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}
