//! Arguments that others have published: hard cases of correct rounding and of argument reduction, and NumPy's validation set.

use super::functions::{Measured, Oracle};
use super::kernel::Kernel;
use super::measure::{Errors, compare_narrow, compare_wide};
use fuseloom_lane::DType;
use std::path::{Path, PathBuf};

/// The arguments of a function, a column each.
pub type Columns = Vec<Vec<f64>>;

/// The hard cases of a function in `data/hard_cases.txt`, which names their sources, each with both signs where the function
/// takes them.
pub fn hard_cases(measured: &Measured) -> Columns {
    let arity = match measured.oracle {
        Oracle::Unary(_) => 1,
        Oracle::Binary(_) => 2,
    };
    let mut columns = vec![Vec::new(); arity];
    let lines = include_str!("../../data/hard_cases.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines.filter_map(|line| line.strip_prefix(&format!("{} ", measured.name()))) {
        let args: Vec<f64> =
            line.split(' ').map(|word| hexadecimal(word).expect("hard_cases.txt is well-formed")).collect();
        assert_eq!(args.len(), arity, "{line}");
        for sign in [1.0, -1.0] {
            columns.iter_mut().zip(&args).for_each(|(column, arg)| column.push(sign * arg));
        }
    }
    columns
}

/// The errors on the hard cases, which are rounded to `f32` first where that is the dtype.
pub fn errors_of_hard_cases(measured: &Measured, dtype: DType) -> Errors {
    let (kernel, columns) = (Kernel::new(measured.function, dtype), hard_cases(measured));
    match dtype {
        DType::F64 => compare_wide(measured, &kernel, &columns),
        _ => {
            let narrow = |column: &Vec<f64>| column.iter().map(|&x| x as f32).collect();
            compare_narrow::<f32>(measured, &kernel, &columns.iter().map(narrow).collect::<Vec<_>>())
        }
    }
}

/// A number as C's `%a` prints it: `-0x1.8p-3`; the part before the point may have several digits.
///
/// # Errors
/// The text is no such number, or has more digits than an `f64` holds.
pub fn hexadecimal(text: &str) -> Result<f64, String> {
    let bad = || format!("`{text}` is no hexadecimal float");
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let (digits, exponent) = rest.strip_prefix("0x").and_then(|rest| rest.split_once('p')).ok_or_else(bad)?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let bits = u64::from_str_radix(&format!("{whole}{part}"), 16).map_err(|_| bad())?;
    let exponent = exponent.parse::<i32>().map_err(|_| bad())? - 4 * part.len() as i32;
    if bits >> 53 != 0 || exponent.abs() > 1100 {
        return Err(bad());
    }
    // In two steps: the first is exact, the second too, as no digit is below the last place of a subnormal.
    let (first, second) = (exponent / 2, exponent - exponent / 2);
    let value = bits as f64 * f64::powi(2.0, first) * f64::powi(2.0, second);
    if bits != 0 && (value == 0.0 || value.is_infinite()) { Err(bad()) } else { Ok(sign * value) }
}

/// One function's part of NumPy's validation set.
#[derive(Debug)]
pub struct Validation {
    /// The arguments in `f32`.
    single: Vec<f32>,
    /// The results that belong to them.
    single_results: Vec<f32>,
    /// The arguments in `f64`.
    double: Vec<f64>,
    /// The results that belong to them.
    double_results: Vec<f64>,
}

/// Where `python3 -c "import numpy"` finds NumPy's validation set.
///
/// # Errors
/// There is no Python, or no NumPy, or it comes without tests.
pub fn find_numpy() -> Result<PathBuf, String> {
    let output = std::process::Command::new("python3")
        .args(["-c", "import numpy; print(numpy.__path__[0])"])
        .output()
        .map_err(|error| format!("python3: {error}"))?;
    let package = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let places = ["_core/tests/data", "core/tests/data"].map(|place| package.join(place));
    places
        .into_iter()
        .find(|place| Validation::is_in(place))
        .ok_or_else(|| "python3 has no numpy with its tests".to_string())
}

impl Validation {
    /// Reads `umath-validation-set-NAME.csv` of a directory; `None` if NumPy has none for this function.
    ///
    /// # Errors
    /// The file is not as NumPy's README says: `dtype,input,output,ulperrortol`, the numbers as hexadecimal bits.
    pub fn read(directory: &Path, measured: &Measured) -> Result<Option<Validation>, String> {
        let path = directory.join(file_name(measured));
        match std::fs::read_to_string(&path) {
            Ok(text) => Validation::parse(&text).map(Some).map_err(|error| format!("{}: {error}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Whether a directory has the set of any function.
    pub fn is_in(directory: &Path) -> bool {
        Measured::all().iter().any(|measured| directory.join(file_name(measured)).exists())
    }

    /// The sample of a function's set in `data/numpy_validation_sample.csv`; `None` if NumPy has none for this function.
    pub fn sample(measured: &Measured) -> Option<Validation> {
        let prefix = format!("{},", numpy_name(&measured.name()));
        let lines = include_str!("../../data/numpy_validation_sample.csv").lines();
        let lines: Vec<&str> = lines.filter_map(|line| line.strip_prefix(&prefix)).collect();
        let set = Validation::parse(&lines.join("\n")).expect("numpy_validation_sample.csv is well-formed");
        if set.is_empty() { None } else { Some(set) }
    }

    /// Whether it has no lines.
    fn is_empty(&self) -> bool {
        self.single.is_empty() && self.double.is_empty()
    }

    fn parse(text: &str) -> Result<Validation, String> {
        let mut set = Validation { single: vec![], single_results: vec![], double: vec![], double_results: vec![] };
        for line in text.lines().filter(|line| line.starts_with("np.")) {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let bits = |k: usize| {
                let digits = fields.get(k).and_then(|field: &&str| field.strip_prefix("0x"));
                digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or_else(|| format!("`{line}`"))
            };
            let (input, output) = (bits(1)?, bits(2)?);
            match fields[0] {
                "np.float32" => {
                    set.single.push(f32::from_bits(input as u32));
                    set.single_results.push(f32::from_bits(output as u32));
                }
                "np.float64" => {
                    set.double.push(f64::from_bits(input));
                    set.double_results.push(f64::from_bits(output));
                }
                _ => return Err(format!("`{line}`")),
            }
        }
        Ok(set)
    }

    /// Our errors on its arguments, in `f32` and `f64`.
    pub fn errors(&self, measured: &Measured) -> [Errors; 2] {
        let kernel = |dtype| Kernel::new(measured.function, dtype);
        [
            compare_narrow(measured, &kernel(DType::F32), std::slice::from_ref(&self.single)),
            compare_wide(measured, &kernel(DType::F64), std::slice::from_ref(&self.double)),
        ]
    }

    /// How many of its results are not the correctly rounded ones.
    pub fn misrounded(&self, measured: &Measured) -> usize {
        let single = self.single.iter().zip(&self.single_results).filter(|(x, want)| {
            let truth = measured.oracle.at(&[f64::from(**x)]) as f32;
            truth.to_bits() != want.to_bits() && !(truth.is_nan() && want.is_nan())
        });
        let double = self.double.iter().zip(&self.double_results).filter(|(x, want)| {
            let truth = measured.oracle.at(&[**x]);
            truth.to_bits() != want.to_bits() && !(truth.is_nan() && want.is_nan())
        });
        single.count() + double.count()
    }
}

/// The file of a function's set.
fn file_name(measured: &Measured) -> String {
    format!("umath-validation-set-{}.csv", numpy_name(&measured.name()))
}

/// NumPy's name of a function.
fn numpy_name(name: &str) -> String {
    match name.strip_prefix('a') {
        Some(rest) => format!("arc{rest}"),
        None => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_floats_are_exact() {
        for (text, value) in [
            ("0x1p+0", 1.0),
            ("-0x1.8p-1", -0.75),
            ("0x1.fffffffffffffp+1023", f64::MAX),
            ("0x1p-1074", 5e-324),
            ("0x0.0000000000001p-1022", 5e-324),
            ("0x16ac5b262ca1ffp+797", 6381956970095103.0 * f64::powi(2.0, 797)),
        ] {
            assert_eq!(hexadecimal(text), Ok(value));
        }
        for text in ["1.5", "0x1.8", "0x1p+2000", "0x1.fffffffffffff8p+0", "0xgp+1"] {
            assert!(hexadecimal(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_function_has_hard_cases_and_no_line_is_for_nobody() {
        let lines = include_str!("../../data/hard_cases.txt").lines().filter(|line| !line.starts_with('#')).count();
        let used: usize = Measured::all().iter().map(|measured| hard_cases(measured)[0].len() / 2).sum();
        assert_eq!(used, lines);
    }

    #[test]
    fn what_is_not_as_numpy_writes_it_is_told() {
        let set =
            Validation::parse("dtype,input,output,ulperrortol\n# x\nnp.float32,0x3f800000,0x00000000,2\n").unwrap();
        assert_eq!((set.single, set.single_results), (vec![1.0], vec![0.0]));
        assert!(Validation::parse("np.float32,3f800000,0x0,2").is_err());
        assert!(Validation::parse("np.float16,0x1,0x0,2").is_err());
    }
}
