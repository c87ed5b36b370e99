//! A program inside another: compiled once for any number of rows, it borrows the caller's arrays and fills the caller's memory.

use fuseloom::prelude::*;
use ndarray::Array2;

/// What an application might keep: a linear score of each row of four, squashed to 0..1.
struct Scorer {
    program: Program,
}

impl Scorer {
    fn new(weights: Vec<f32>, bias: f32) -> Result<Scorer, Error> {
        let weights = Tensor::from(weights); // kept by the program
        let program = Program::new(|b| {
            let rows = b.input("rows", f32, ("n", 4));
            ((rows * &weights).sum(-1) + bias).sigmoid()
        })?;
        Ok(Scorer { program })
    }

    fn score(&self, rows: &Array2<f32>, scores: &mut [f32]) -> Result<(), Error> {
        self.program.call_into(&[rows.view()], &mut [scores])
    }
}

fn main() -> Result<(), Error> {
    let scorer = Scorer::new(vec![1.0, -1.0, 0.5, 0.0], -0.5)?;
    for n in [1, 3, 1000] {
        let rows = Array2::<f32>::ones((n, 4));
        let mut scores = vec![f32::NAN; n];
        scorer.score(&rows, &mut scores)?;
        assert!(scores.iter().all(|score| *score == 0.5));
    }
    println!("{:?}", scorer.program.stats());

    // Sizes are checked at the door.
    let error = scorer.score(&Array2::zeros((2, 5)), &mut [0.0; 2]).unwrap_err();
    println!("{error}");
    assert_eq!(error.to_string(), "input `rows` is declared f32[n,4] but was given f32[2,5]: axis 1 is 5, not 4");
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
