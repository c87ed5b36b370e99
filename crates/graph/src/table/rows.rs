//! The rows.

use super::{Arity, Class, Gives, Row, function_row, library_row, scan_row};
use crate::{Op, Reduce};
use fuseloom_lane::{Function, FunctionRow, Laws, Takes};
use fuseloom_library::Library;

const fn row(name: &'static str, arity: usize, class: Class, takes: Takes, doc: &'static str) -> Row {
    Row { name, arity: Arity::Exactly(arity), results: 1, class, takes, gives: Gives::Same, laws: Laws::NONE, doc }
}

const fn reduction(name: &'static str, takes: Takes, doc: &'static str) -> Row {
    row(name, 1, Class::Reduction, takes, doc)
}

const fn scan(name: &'static str, arity: usize, takes: Takes, doc: &'static str) -> Row {
    row(name, arity, Class::Scan, takes, doc)
}

impl Row {
    const fn gives(mut self, gives: Gives) -> Row {
        self.gives = gives;
        self
    }

    const fn results(mut self, results: usize) -> Row {
        self.results = results;
        self
    }

    const fn or_more(mut self) -> Row {
        if let Arity::Exactly(n) = self.arity {
            self.arity = Arity::AtLeast(n);
        }
        self
    }
}

use Takes::{Any, Bool, ComputedFloat, Float, Number};

/// The rows of [`crate::Op::Map`], in the order of [`Function::ALL`], as the functions' own table says.
pub(super) static FUNCTIONS: [Row; Function::ALL.len()] = {
    let mut rows = [of_function(Function::ALL[0]); Function::ALL.len()];
    let mut k = 1;
    while k < rows.len() {
        rows[k] = of_function(Function::ALL[k]);
        k += 1;
    }
    rows
};

const fn of_function(function: Function) -> Row {
    let &FunctionRow { name, doc, takes, gives_bool, laws, .. } = function.row();
    let gives = if gives_bool { Gives::Bool } else { Gives::Same };
    Row { laws, gives, ..row(name, function.arity(), Class::Elementwise, takes, doc) }
}

/// The rows of [`crate::Op::Reduce`], each beside its reduction: the array and the function that looks one up are one list.
macro_rules! reductions {
    ($($name:ident $({ $field:ident: $value:expr })? => $row:expr,)*) => {
        /// Every reduction, with the degrees of freedom that it has where none are given, and its row.
        pub(super) static REDUCTIONS: &[(Reduce, Row)] = &[$((Reduce::$name $({ $field: $value })?, $row),)*];

        /// The row of a reduction.
        pub fn reduce_row(reduce: Reduce) -> &'static Row {
            match reduce {
                $(Reduce::$name $({ $field: _ })? => {
                    static ROW: Row = $row;
                    &ROW
                })*
            }
        }
    };
}

reductions! {
    Sum => reduction("sum", Number, "the sum over axes, along the tree"),
    Prod => reduction("prod", Number, "the product over axes, along the tree"),
    Max => reduction("max", Any, "the largest over axes; a NaN wins"),
    Min => reduction("min", Any, "the smallest over axes; a NaN wins"),
    Any => reduction("any", Bool, "whether any is true"),
    All => reduction("all", Bool, "whether all are true"),
    ArgMax => reduction("argmax", Takes::Any, "the index of the first largest along one axis; the first NaN wins")
        .gives(Gives::I64),
    ArgMin => reduction("argmin", Takes::Any, "the index of the first smallest along one axis; the first NaN wins")
        .gives(Gives::I64),
    CountNonzero => reduction("count_nonzero", Takes::Any, "how many differ from zero").gives(Gives::I64),
    Mean => reduction("mean", Float, "the sum divided by the number of elements"),
    Var { ddof: 0 } => reduction("var", Float, "`M2 / max(n - ddof, 0)`"),
    Std { ddof: 0 } => reduction("std", Float, "the square root of `var`"),
    Moments => reduction("moments", ComputedFloat, "the mean and the sum of squared deviations from it (M2) along one axis")
        .results(2),
}

/// The rows of [`crate::Op::Scan`], in the order of [`fuseloom_lane::Scan::ALL`].
pub(super) static SCANS: [Row; 5] = [
    scan("cumsum", 1, Number, "the sum of the elements up to each along an axis, in blocks"),
    scan("cumprod", 1, Number, "the product of the elements up to each along an axis, in blocks"),
    scan("cummax", 1, Any, "the largest of the elements up to each along an axis; a NaN wins"),
    scan("cummin", 1, Any, "the smallest of the elements up to each along an axis; a NaN wins"),
    scan("recurrence", 2, Number, "`r[0] = y[0]`, `r[k] = x[k] * r[k-1] + y[k]` along an axis"),
];

/// The rows of [`crate::Op::Library`], in the order of [`Library::ALL`]: what the rows of the library say.
pub(super) static LIBRARY: [Row; Library::ALL.len()] = {
    let mut rows = [of_library(Library::ALL[0]); Library::ALL.len()];
    let mut k = 1;
    while k < rows.len() {
        rows[k] = of_library(Library::ALL[k]);
        k += 1;
    }
    rows
};

const fn of_library(function: Library) -> Row {
    let of = function.row();
    row(of.name, of.inputs.len(), Class::Library, of.inputs[0].0, of.doc)
        .results(of.results)
        .gives(Gives::Stated(of.gives))
}

/// The rows of the other operations, each beside its pattern: the array and the function that looks one up are one list.
macro_rules! others {
    ($($pattern:pat => $row:expr,)*) => {
        /// The rows of operations that have one each.
        pub(super) static OTHERS: &[Row] = &[$($row,)*];

        impl Op {
            /// Its row in the table.
            pub fn row(&self) -> &'static Row {
                match self {
                    Op::Map(function) => function_row(*function),
                    Op::Reduce { op, .. } => reduce_row(*op),
                    Op::Scan { op, .. } => scan_row(*op),
                    Op::Library(call) => library_row(call.function),
                    $($pattern => {
                        static ROW: Row = $row;
                        &ROW
                    })*
                }
            }
        }
    };
}

others! {
    Op::Input(_) => row("input", 0, Class::Source, Any, "an array the caller provides, by name").gives(Gives::Given),
    Op::Constant(_) => row("constant", 0, Class::Source, Any, "a 0-d constant").gives(Gives::Given),
    Op::Extent(_) => row("extent", 0, Class::Source, Any, "the value of a dim, 0-d").gives(Gives::I64),
    Op::Iota(_) => row("iota", 0, Class::Source, Any, "`0, 1, ..., n-1`").gives(Gives::I64),
    Op::Cast(_) => row("cast", 1, Class::Elementwise, Any, "converted, elementwise").gives(Gives::Given),
    Op::DivMod => row("divmod", 2, Class::Elementwise, Number, "`floor_divide(x, y)` and `remainder(x, y)`").results(2),
    Op::Permute(_) => row("permute", 1, Class::View, Any, "axis `k` of the result is axis `axes[k]` of the input"),
    Op::Slice(_) => row("slice", 1, Class::View, Any, "a strided window of each axis"),
    Op::Broadcast(_) => row("broadcast", 1, Class::View, Any, "repeated to a shape: axes align at the last, extent 1 stretches"),
    Op::Reshape(_) => row("reshape", 1, Class::View, Any, "the same elements in C order under another shape"),
    Op::Concat { .. } => row("concat", 1, Class::Arrange, Any, "one after another along an axis").or_more(),
    Op::Pad { .. } => row("pad", 2, Class::Arrange, Any, "elements before and after along each axis, filled with the 0-d second input"),
    Op::CombineMoments { .. } => row("combine_moments", 2, Class::Reduction, ComputedFloat, "means and M2s of equal groups, combined along an axis").results(2),
    Op::Take { .. } => row("take", 2, Class::Arrange, Any, "an axis of the first input read at the indices of the second"),
    Op::Einsum(_) => row("einsum", 1, Class::Contraction, Any, "sums of products over labels that axes share; bool is any of and").or_more(),
    Op::Result(_) => row("result", 1, Class::Projection, Any, "one result of an operation with several"),
}
