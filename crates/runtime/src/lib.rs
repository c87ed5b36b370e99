//! Internal to fuseloom: buffers, worker threads, and the execution of bound plans.
//!
//! The public API in one place; every call is safe, the `unsafe` behind it stays in this crate.
//!
//! - Memory: [`Pool`] (`new(cap)`, `buffer(dtype, elements)`, `copy_of(&[T])`, `copy_of_bytes(dtype, &[u8])`, `trim()`, `stats()`) hands
//!   out [`Buffer`]s: typed, 64-byte aligned, returned to the pool when dropped. A buffer is also made of a `Vec`
//!   (`Buffer::from_vec`), an owned `ndarray` array (`Buffer::from_array`, with its [`Layout`]) or a mapped file ([`Mapping`],
//!   `Buffer::from_mapping`), and it is looked at by `as_slice::<T>()`, `as_mut_slice::<T>()`, `as_bytes()`,
//!   `view::<T>(&layout)` (an `ndarray` view) and taken apart by `into_vec::<T>()`.
//! - [`Layout`]: shape, byte strides and byte offset of an array in a buffer; `contiguous(shape, dtype)`, `strided(..)`, checked.
//! - Operands: [`Input`] `::from(&[T])`, `::from(ArrayView<T, D>)`, `::from_buffer(&buffer, &layout)`; [`Output`] `::from(&mut [T])`,
//!   `::from(ArrayViewMut<T, D>)`, `::from_buffer(&mut buffer, shape)`. Their `strides()` go into the
//!   [`Binding`](fuseloom_kernel::Binding).
//! - Running: [`Executable`] `::new(plan, code, binding)` binds the plan and checks that everything fits together;
//!   `run(&inputs, &mut outputs, &pool, &workers)` runs it, from any thread.
//! - Threads: [`Workers`] `::new(threads)`; [`processors()`].
//! - The machine: [`machine`] says what there is, [`limits`] measures what it can do at best.
//! - For tests: [`hostile`] surroundings of a run.
//! - Everything that can go wrong is a [`RuntimeError`].

mod affinity;
mod buffer;
mod copy;
mod element;
mod error;
mod execute;
mod expected;
mod float_control;
pub mod hostile;
mod layout;
mod library;
pub mod limits;
pub mod machine;
mod mapping;
mod memory;
mod operand;
mod pool;
mod product;
mod transfer;
mod watch;
mod workers;

pub use buffer::Buffer;
pub use element::Element;
pub use error::RuntimeError;
pub use execute::Executable;
pub use layout::{Extents, Layout, Strides, each_offset};
pub use mapping::Mapping;
pub use operand::{Input, Output};
pub use pool::{Pool, PoolStats};
pub use watch::{Span, Watch};
pub use workers::{Workers, processors};
