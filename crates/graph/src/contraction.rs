//! Contractions: sums over labels of products of arrays, as `einsum` writes them.

use crate::OpError;
use smallvec::SmallVec;
use std::fmt;

/// An index that axes of operands share. Labels are numbered in the order they first appear, operand by operand.
pub type Label = u16;

/// The labels of an operand's axes, or of the result's.
pub type Labels = SmallVec<[Label; 6]>;

/// Which axes of the operands go together, and which the result keeps.
///
/// A label in several places means one index: axes that share it have one extent, and a label twice in one operand takes its
/// diagonal. The result has the output's labels as its axes; a label that the output lacks is summed over. Labels are
/// numbered by first appearance, so that equal contractions compare equal whatever they were called.
///
/// # Meaning
/// 1. Of each operand the diagonal is taken where a label repeats, and labels that neither another operand nor the output
///    has are summed over.
/// 2. What remains is multiplied, the first operand by the second, that by the third and so on.
/// 3. The products are summed over the labels that the output lacks, as one [`crate::Reduce::Sum`] over these axes in the
///    order of the labels would.
///
/// Bools multiply by and and are summed by or; integers wrap; storage floats are multiplied and summed in `f32` and rounded
/// once at the end. What of this holds to the bit is [`Contraction::keeps_bits`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Contraction {
    operands: SmallVec<[Labels; 2]>,
    output: Labels,
}

/// A contraction of two operands that is a product of matrices as it stands: `[batch.., m, k]` by `[batch.., k, n]` to
/// `[batch.., m, n]`, each of the `batch` axes the same in both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MatrixProduct {
    /// How many leading axes number the products.
    pub batch: usize,
}

impl Contraction {
    /// A contraction of these operands; labels are any numbers, and are numbered anew.
    ///
    /// # Errors
    /// An output label that is repeated or that no operand has; more than 65,536 labels.
    pub fn new(operands: &[Labels], output: &[Label]) -> Result<Contraction, OpError> {
        let error = |message: String| Err(OpError::Attribute { op: "einsum", message });
        let mut known: Vec<Label> = Vec::new();
        let mut numbered = Vec::with_capacity(operands.len());
        for labels in operands {
            let mut place = |label: &Label| {
                known.iter().position(|l| l == label).unwrap_or_else(|| {
                    known.push(*label);
                    known.len() - 1
                }) as Label
            };
            numbered.push(labels.iter().map(&mut place).collect::<Labels>());
        }
        let mut kept = Labels::new();
        for label in output {
            let Some(number) = known.iter().position(|l| l == label).map(|k| k as Label) else {
                return error(format!("no operand has the label `{}` of the output", Name(*label)));
            };
            if kept.contains(&number) {
                return error(format!("the label `{}` is twice in the output", Name(*label)));
            }
            kept.push(number);
        }
        Ok(Contraction { operands: numbered.into(), output: kept })
    }

    /// The labels of each operand's axes.
    pub fn operands(&self) -> &[Labels] {
        &self.operands
    }

    /// The labels of the result's axes: distinct, and each in an operand.
    pub fn output(&self) -> &[Label] {
        &self.output
    }

    /// The diagonal that it is: one operand, whose labels are the output's, some of them repeated. The axis of the result that
    /// each axis of the operand is read along. It is a view.
    pub fn diagonal(&self) -> Option<SmallVec<[usize; 4]>> {
        let [labels] = self.operands.as_slice() else { return None };
        labels.iter().map(|label| self.output.iter().position(|l| l == label)).collect()
    }

    /// A label as it prints: `a`.
    pub fn label_name(&self, label: Label) -> String {
        Name(label).to_string()
    }

    /// How many labels there are; they are the numbers below.
    pub fn label_count(&self) -> usize {
        self.operands.iter().flatten().map(|l| usize::from(*l) + 1).max().unwrap_or(0)
    }

    /// The labels that are summed over, in order.
    pub fn contracted(&self) -> impl Iterator<Item = Label> + '_ {
        (0..self.label_count() as Label).filter(|label| !self.output.contains(label))
    }

    /// Whether neither another operand nor the output has this label of an operand, so that it is summed over there first.
    pub fn is_lone(&self, operand: usize, label: Label) -> bool {
        let elsewhere = |(k, labels): (usize, &Labels)| k != operand && labels.contains(&label);
        !self.output.contains(&label) && !self.operands.iter().enumerate().any(elsewhere)
    }

    /// Whether the result is the same to the bit however it is computed: for all but floats; for floats where there is one
    /// operand, or where there are two that are no product of matrices, because nothing is summed over in both, or one of them
    /// has no label of its own in the output. The other contractions are *products*: order and rounding of their sums are
    /// free, and all that is promised is the error bound of such a sum.
    pub fn keeps_bits(&self, is_float: bool) -> bool {
        if !is_float {
            return true;
        }
        match self.operands.as_slice() {
            [] | [_] => true,
            [left, right] => {
                let own = |a: &Labels, b: &Labels| a.iter().any(|l| !b.contains(l) && self.output.contains(l));
                let summed = left.iter().any(|l| right.contains(l) && !self.output.contains(l));
                !(summed && own(left, right) && own(right, left))
            }
            _ => false,
        }
    }

    /// Which product of matrices it is as it stands, if it is one: `ab,bc->ac`, `abc,acd->abd` and so on. These are the
    /// contractions that libraries compute.
    pub fn matrix_product(&self) -> Option<MatrixProduct> {
        let batch = self.output.len().checked_sub(2)?;
        let product = MatrixProduct { batch };
        (product.contraction() == *self).then_some(product)
    }
}

impl MatrixProduct {
    /// The contraction.
    pub fn contraction(self) -> Contraction {
        let [m, k, n] = [0, 1, 2].map(|axis| (self.batch + axis) as Label);
        let labels = |last: [Label; 2]| (0..self.batch as Label).chain(last).collect::<Labels>();
        Contraction { operands: SmallVec::from_buf([labels([m, k]), labels([k, n])]), output: labels([m, n]) }
    }
}

/// `ab,bc->ac`
impl fmt::Display for Contraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, labels) in self.operands.iter().enumerate() {
            f.write_str(if k > 0 { "," } else { "" })?;
            labels.iter().try_for_each(|label| Name(*label).fmt(f))?;
        }
        f.write_str("->")?;
        self.output.iter().try_for_each(|label| Name(*label).fmt(f))
    }
}

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// A label in text: a letter, and from the 53rd on a letter and a number: `a`, ..., `Z`, `a1`, ...
struct Name(Label);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (round, letter) = (usize::from(self.0) / LETTERS.len(), usize::from(self.0) % LETTERS.len());
        write!(f, "{}", char::from(LETTERS[letter]))?;
        if round > 0 { write!(f, "{round}") } else { Ok(()) }
    }
}

/// Reads labels as they print: `ab`, `aZ1`. `None` if it is no such text.
pub(crate) fn parse_labels(text: &str) -> Option<Labels> {
    let mut labels = Labels::new();
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let letter = LETTERS.iter().position(|l| *l == first)?;
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        let round: usize = if digits == 0 { 0 } else { rest[1..=digits].parse().ok()? };
        labels.push(Label::try_from(round.checked_mul(LETTERS.len())?.checked_add(letter)?).ok()?);
        rest = &rest[1 + digits..];
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contraction(text: &str) -> Contraction {
        let (operands, output) = text.split_once("->").unwrap();
        let operands: Vec<Labels> = operands.split(',').map(|labels| parse_labels(labels).unwrap()).collect();
        Contraction::new(&operands, &parse_labels(output).unwrap()).unwrap()
    }

    #[test]
    fn names_do_not_matter() {
        assert_eq!(contraction("ij,jk->ki"), contraction("Zb7,b7q->qZ"));
        assert_eq!(contraction("ij,jk->ki").to_string(), "ab,bc->ca");
        let many: String = (0..120u16).map(|l| Name(l).to_string()).collect();
        assert_eq!(contraction(&format!("{many}->")).to_string(), format!("{many}->"));
    }

    #[test]
    fn which_keep_their_bits() {
        for exact in ["iij->j", "ij,j->i", "i,i->", "i,j->ij", "ij,ij->ij", "ij,ij->i", "ij,j->ij", "ijk,jk->i"] {
            assert!(contraction(exact).keeps_bits(true), "{exact}");
        }
        for product in ["ij,jk->ik", "bij,bjk->bik", "ij,jk->ki", "i,i,i->i", "ijk,jkl->il"] {
            assert!(!contraction(product).keeps_bits(true), "{product}");
            assert!(contraction(product).keeps_bits(false), "{product}");
        }
    }

    #[test]
    fn products_of_matrices_are_known() {
        assert_eq!(contraction("ij,jk->ik").matrix_product(), Some(MatrixProduct { batch: 0 }));
        assert_eq!(contraction("bij,bjk->bik").matrix_product(), Some(MatrixProduct { batch: 1 }));
        assert_eq!(contraction("abij,abjk->abik").matrix_product(), Some(MatrixProduct { batch: 2 }));
        for other in ["ij,kj->ik", "ij,jk->ki", "bij,jk->bik", "ij,j->i", "bij,bkj->bik", "i,->i"] {
            assert_eq!(contraction(other).matrix_product(), None, "{other}");
        }
    }

    #[test]
    fn outputs_must_make_sense() {
        let labels = |l: &[Label]| Labels::from_slice(l);
        let unknown = Contraction::new(&[labels(&[0])], &[1]).unwrap_err();
        assert_eq!(unknown.to_string(), "einsum: no operand has the label `b` of the output");
        let twice = Contraction::new(&[labels(&[0])], &[0, 0]).unwrap_err();
        assert_eq!(twice.to_string(), "einsum: the label `a` is twice in the output");
    }
}
