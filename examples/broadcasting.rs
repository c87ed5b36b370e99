//! The broadcasting rules, as every NumPy textbook tables them: axes align at the last one, and an extent of 1 stretches.

use fuseloom::prelude::*;

fn main() -> Result<(), Error> {
    let sum = |left: &[usize], right: &[usize]| zeros(left, f32) + ones(right, f32);

    let good: [(&[usize], &[usize], &[usize]); 3] =
        [(&[3, 4], &[4], &[3, 4]), (&[3, 4], &[3, 1], &[3, 4]), (&[5, 1, 4], &[3, 4], &[5, 3, 4])];
    for (left, right, expected) in good {
        let out = sum(left, right).eval()?;
        println!("{left:?} + {right:?} = {:?}", out.shape());
        assert_eq!(out.shape(), expected);
    }

    let bad: [(&[usize], &[usize], &str, &str); 2] = [
        (
            &[3, 4],
            &[3],
            "cannot add f32[3,4] and f32[3]: axis 1 is 4 against 3",
            "Did you mean to add an axis of extent 1 at the end of the shorter one?",
        ),
        (
            &[3, 4],
            &[4, 3],
            "cannot add f32[3,4] and f32[4,3]: axis 0 is 3 against 4",
            "Did you mean to transpose one of them?",
        ),
    ];
    for (left, right, statement, hint) in bad {
        let error = sum(left, right).eval().unwrap_err();
        println!("{error}");
        assert_eq!(
            error.to_string(),
            format!("{statement} ({}). {hint}", error.place().expect("it was made at a place"))
        );
    }
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
