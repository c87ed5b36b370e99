//! The stages that the environment asks for, as files.

use crate::explain::Explain;
use crate::model::Model;
use fuseloom_engine::{Error, Planned, Prepared, Result, Stage, write_whole};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes stages of a plan into a directory, one file each, numbered by plan.
///
/// # Errors
/// A file cannot be written; a fault of the compiler.
pub fn dump(prepared: &Arc<Prepared>, planned: &Arc<Planned>, directory: &Path, stages: &[Stage]) -> Result<()> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let failed = |path: &Path, error: std::io::Error| Error::File { path: path.into(), source: Arc::new(error) };
    std::fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let explain = Explain::of(Model::new(prepared, &prepared.places, Ok(Some(Arc::clone(planned))), None));
    for stage in stages.iter().copied() {
        let extension = match stage {
            Stage::Graph | Stage::Optimized | Stage::Plan | Stage::Kernels => "fl",
            Stage::Clif => "clif",
            Stage::Asm => "asm",
        };
        let path = directory.join(format!("{number:04}-{stage}.{extension}"));
        let text = explain.text(stage)?;
        write_whole(&path, |file| file.write_all(text.as_bytes()).map_err(|error| failed(&path, error)))?;
    }
    Ok(())
}
