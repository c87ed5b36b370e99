//! Walks over a kernel: its items, its strips, and what a strip uses.

use crate::{Gather, Input, Item, Kernel, Loop, OperandId, Output, Phase, Strip};

/// What a strip does with an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// Its element at the loop variables is read.
    Load,
    /// Elements are read at computed indices.
    Gather(Gather),
    /// Its element at the loop variables is written.
    Store,
    /// A state of a reduction is written to it when the loop that is reduced over ends.
    State,
    /// What comes before a scan is read from it.
    Carry,
    /// What a scan comes to is written to it.
    Total,
    /// The working rows of a reduction or a scan.
    Work,
}

impl Use {
    /// Whether elements are read.
    pub fn reads(self) -> bool {
        match self {
            Use::Load | Use::Gather(_) | Use::Carry => true,
            Use::Store | Use::State | Use::Total | Use::Work => false,
        }
    }

    /// Whether elements are written that something after it may read.
    pub fn writes(self) -> bool {
        match self {
            Use::Store | Use::State | Use::Total => true,
            Use::Load | Use::Gather(_) | Use::Carry | Use::Work => false,
        }
    }
}

impl Kernel {
    /// All items, in the order of the text: a loop comes before what is in it.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.phases.iter().flat_map(Phase::items)
    }

    /// All strips, in the order of the text.
    pub fn strips(&self) -> impl Iterator<Item = &Strip> {
        self.phases.iter().flat_map(Phase::strips)
    }
}

impl Phase {
    /// All items of the phase, in the order of the text: a loop comes before what is in it.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        items(&self.body)
    }

    /// All strips of the phase, in the order of the text.
    pub fn strips(&self) -> impl Iterator<Item = &Strip> {
        strips(&self.body)
    }
}

impl Loop {
    /// All strips in the loop, in the order of the text.
    pub fn strips(&self) -> impl Iterator<Item = &Strip> {
        strips(&self.body)
    }
}

impl Strip {
    /// Every use of an operand: inputs, then gathers, then outputs, in order.
    pub fn uses(&self) -> impl Iterator<Item = (OperandId, Use)> {
        let loads = self.inputs.iter().filter_map(|input| match input {
            Input::Load(id) => Some((*id, Use::Load)),
            Input::Literal(_) | Input::Index(_) | Input::Scan(_) => None,
        });
        let gathers = self.gathers.iter().map(|gather| (gather.operand, Use::Gather(*gather)));
        loads.chain(gathers).chain(self.outputs.iter().flat_map(Output::uses))
    }
}

impl Output {
    /// Every use of an operand.
    pub fn uses(&self) -> impl Iterator<Item = (OperandId, Use)> {
        let (states, others) = match self {
            Output::Store(id) => (&[][..], [Some((*id, Use::Store)), None, None]),
            Output::Reduce(reduce) => (&reduce.into[..], [reduce.work.map(|id| (id, Use::Work)), None, None]),
            Output::Scan(scan) => {
                let places = [(scan.carry, Use::Carry), (scan.total, Use::Total), (scan.work, Use::Work)];
                (&[][..], places.map(|(id, used)| Some((id?, used))))
            }
        };
        let states = states.iter().flatten().map(|id| (*id, Use::State));
        states.chain(others.into_iter().flatten())
    }
}

/// Items and what is in them, in the order of the text.
fn items(body: &[Item]) -> impl Iterator<Item = &Item> {
    let mut ahead: Vec<&Item> = body.iter().rev().collect();
    std::iter::from_fn(move || {
        let item = ahead.pop()?;
        if let Item::Loop(inner) = item {
            ahead.extend(inner.body.iter().rev());
        }
        Some(item)
    })
}

fn strips(body: &[Item]) -> impl Iterator<Item = &Strip> {
    items(body).filter_map(|item| match item {
        Item::Strip(strip) => Some(strip),
        Item::Loop(_) | Item::Product(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_come_in_the_order_of_the_text() {
        let kernel = crate::parse(include_str!("../tests/softmax.txt")).unwrap();
        let outputs: Vec<Vec<(u32, Use)>> = kernel
            .strips()
            .map(|strip| strip.outputs.iter().flat_map(Output::uses).map(|(id, used)| (id.0, used)).collect())
            .collect();
        assert_eq!(outputs.len(), kernel.items().count());
        assert_eq!(outputs[0], [(3, Use::State)]);
    }
}
