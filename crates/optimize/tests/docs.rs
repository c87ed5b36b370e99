//! `docs/ir.md` has every pass in the order they run. `UPDATE=1 cargo test -p fuseloom-optimize --test docs` rewrites the
//! table.

use fuseloom_optimize::PASSES;
use std::path::Path;

const BEGIN: &str = "<!-- table of passes -->\n";
const END: &str = "<!-- end of table of passes -->\n";

#[test]
fn the_table_of_passes_is_the_passes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ir.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the page marks where the table begins");
    let (shown, after) = rest.split_once(END).expect("the page marks where the table ends");
    let rows: String = PASSES.iter().map(|pass| format!("| `{}` | {} |\n", pass.name, pass.about)).collect();
    let printed = format!("\n| pass | what it does |\n|---|---|\n{rows}\n");
    if shown == printed {
        return;
    }
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, format!("{before}{BEGIN}{printed}{END}{after}")).unwrap();
        return;
    }
    panic!("the table of passes of {} is out of date; UPDATE=1 rewrites it", path.display());
}
