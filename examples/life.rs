//! Conway's Game of Life: the neighbours of every cell as eight shifted slices of a padded board, in one kernel.

use fuseloom::prelude::*;

fn step(board: &Tensor) -> Tensor {
    let padded = board.pad([(1, 1), (1, 1)], 0);
    let shifts = [
        s![..-2, ..-2],
        s![..-2, 1..-1],
        s![..-2, 2..],
        s![1..-1, ..-2],
        s![1..-1, 2..],
        s![2.., ..-2],
        s![2.., 1..-1],
        s![2.., 2..],
    ];
    let neighbours = shifts.iter().map(|shift| padded.slice(shift)).reduce(|a, b| a + b).expect("there are eight");
    let alive = neighbours.eq(3) | (neighbours.eq(2) & board.eq(1));
    alive.cast(i32)
}

fn main() -> Result<(), Error> {
    // A glider, which after four steps stands one cell further down and to the right.
    let mut board = ndarray::Array2::<i32>::zeros((6, 6));
    for cell in [[0, 1], [1, 2], [2, 0], [2, 1], [2, 2]] {
        board[cell] = 1;
    }
    let life = Program::new(|b| step(&b.input("board", i32, ("rows", "columns"))))?;
    let mut now = life.call_one(&[board.view()])?;
    for _ in 1..4 {
        now = life.call_one(&[&now])?;
    }
    println!("{now}");

    let now = now.view::<i32>()?;
    assert_eq!(now.slice(ndarray::s![1.., 1..]), board.slice(ndarray::s![..-1, ..-1]));
    assert_eq!(now.sum(), 5);
    Ok(())
}

#[test]
fn runs() -> Result<(), Error> {
    main()
}
