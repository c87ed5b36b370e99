//! What was measured, as lines and as the tables of `docs/accuracy.md`.

use super::functions::Measured;
use super::measure::Errors;
use fuseloom_lane::DType;
use std::fmt::Write;

/// A function's errors in one dtype.
#[derive(Clone, Debug)]
pub struct Row {
    /// The function.
    pub measured: Measured,
    /// The dtype.
    pub dtype: DType,
    /// What was found.
    pub errors: Errors,
}

impl Row {
    /// Whether the limit is exceeded.
    pub fn is_beyond(&self) -> bool {
        self.errors.worst > self.measured.limit(self.dtype)
    }

    /// One line: `exp f32: max 0.5678 ulp at 0x3f800000 (1.0), mean 0.2512, 4294967296 points`.
    pub fn line(&self) -> String {
        let Row { measured, dtype, errors } = self;
        let mut line = format!("{} {dtype}: max {:.4}", measured.name(), errors.worst);
        if let Some(place) = &errors.at {
            write!(line, " at {} ({:e}, not {:e})", arguments(*dtype, &place.args), place.got, place.want)
                .expect("writing to a string does not fail");
        }
        let part = 100.0 * errors.misrounded_part();
        write!(line, ", mean {:.4}, {part:.4} % misrounded, {} points", errors.mean(), errors.points)
            .expect("writing to a string does not fail");
        if self.is_beyond() {
            write!(line, " EXCEEDS {}", measured.limit(*dtype)).expect("writing to a string does not fail");
        }
        line
    }
}

/// Arguments as the shortest decimals that read back to the same numbers of the dtype.
fn arguments(dtype: DType, args: &[f64]) -> String {
    let one = |x: &f64| if dtype == DType::F64 { format!("{x:e}") } else { format!("{:e}", *x as f32) };
    args.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The rows of one dtype as a table.
pub fn markdown(rows: &[Row], dtype: DType) -> String {
    let unit = if dtype == DType::F64 { "max (numbers)" } else { "max (ulp)" };
    let mut text =
        format!("| function | {unit} | at | mean | not correctly rounded | points |\n|---|---|---|---|---|---|\n");
    for row in rows.iter().filter(|row| row.dtype == dtype) {
        let errors = &row.errors;
        let worst = if dtype == DType::F64 { format!("{}", errors.worst) } else { format!("{:.4}", errors.worst) };
        let at = errors.at.as_ref().map_or("-".to_string(), |place| format!("`{}`", arguments(dtype, &place.args)));
        let part = 100.0 * errors.misrounded_part();
        writeln!(
            text,
            "| `{}` | {worst} | {at} | {:.4} | {part:.3} % | {} |",
            row.measured.name(),
            errors.mean(),
            errors.points
        )
        .expect("writing to a string does not fail");
    }
    text
}
