//! The math functions, each written once as a lane program.
