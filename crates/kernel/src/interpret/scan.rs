//! Strips that scan: what enters, over all of the axis; the scans; what is made of them.

use super::{Axis, InterpretError, Interpreter, Ongoing};
use crate::{Output, ScanGrouping, ScanInto, Strip};
use fuseloom_lane::scan::{Running, SPAN, combine, scan_rows};
use fuseloom_lane::{Lanes, Program, Scan};

impl Interpreter<'_, '_> {
    pub(super) fn scan_strip(
        &mut self,
        strip: &Strip,
        axis: Axis,
        over_loop: &mut [Option<Ongoing>],
    ) -> Result<(), InterpretError> {
        if axis.lanes == 0 {
            return Ok(());
        }
        let mut running = over_loop.iter_mut().filter_map(|ongoing| match ongoing {
            Some(Ongoing::Scan(running)) => Some(running),
            Some(Ongoing::Reduce(_)) | None => None,
        });
        let mut scanned: Vec<Lanes> = Vec::new();
        for (first, scan) in strip.scans() {
            let columns = self.all_lanes(strip, &strip.entering(first, scan), &scanned, axis)?;
            let result = match running.next() {
                Some(running) if scan.work.is_some() => running.push(&columns),
                _ => self.along_axis(scan, &columns)?,
            };
            if let Some(total) = scan.total {
                let point = Axis { var: None, start: 0, lanes: 1 };
                self.column(total, point, 0)?.write(self.memory, &result[axis.lanes - 1..])?;
            }
            scanned.push(result);
        }
        let taken: Vec<_> = strip.plain_outputs().map(|(first, _)| strip.program.results[first]).collect();
        let program = strip.program.part(&taken);
        let chunk = self.chunk(strip, axis);
        for first in (0..axis.lanes).step_by(chunk) {
            let lanes = chunk.min(axis.lanes - first);
            let results = self.lanes(strip, &program, &scanned, axis, first, lanes)?;
            for ((_, output), result) in strip.plain_outputs().zip(results) {
                match output {
                    Output::Store(id) => self.column(*id, axis, first)?.write(self.memory, &result)?,
                    // The verifier refuses reductions in a strip that scans; scans are no plain outputs.
                    Output::Reduce(_) | Output::Scan(_) => {}
                }
            }
        }
        Ok(())
    }

    /// The results of a program over all of the axis.
    fn all_lanes(
        &mut self,
        strip: &Strip,
        program: &Program,
        scanned: &[Lanes],
        axis: Axis,
    ) -> Result<Vec<Lanes>, InterpretError> {
        let mut columns = vec![Lanes::with_capacity(axis.lanes); program.results.len()];
        let chunk = self.chunk(strip, axis);
        for first in (0..axis.lanes).step_by(chunk) {
            let lanes = chunk.min(axis.lanes - first);
            for (column, more) in columns.iter_mut().zip(self.lanes(strip, program, scanned, axis, first, lanes)?) {
                column.extend(more);
            }
        }
        Ok(columns)
    }

    /// A scan along the strip's axis.
    fn along_axis(&self, scan: &ScanInto, columns: &[Lanes]) -> Result<Lanes, InterpretError> {
        let lanes = columns[0].len();
        let point = Axis { var: None, start: 0, lanes: 1 };
        let carry = scan.carry.map(|id| self.column(id, point, 0)?.read(self.memory, 1)).transpose()?;
        match scan.grouping {
            ScanGrouping::Elements => match carry {
                None => Ok(scan_rows(scan.op, scan.dtype, columns, 1, lanes)),
                // Spans are the outermost units.
                Some(carry) if scan.op != Scan::Linear && lanes <= SPAN => {
                    let within = scan_rows(scan.op, scan.dtype, columns, 1, lanes);
                    Ok(combine(scan.op, scan.dtype, vec![carry[0]; lanes], within))
                }
                Some(carry) => {
                    let mut running = Running::after(scan.op, scan.dtype, carry);
                    let element = |k: usize| columns.iter().map(|column| vec![column[k]]).collect::<Vec<_>>();
                    Ok((0..lanes).map(|k| running.push(&element(k))[0]).collect())
                }
            },
            ScanGrouping::Spans => {
                let mut before = carry.unwrap_or_else(|| vec![scan.op.identity(scan.dtype).bits()]);
                let mut results = Lanes::with_capacity(lanes);
                for &total in &columns[0] {
                    results.push(before[0]);
                    before = combine(scan.op, scan.dtype, before, vec![total]);
                }
                Ok(results)
            }
        }
    }
}
