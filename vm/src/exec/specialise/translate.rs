//! Translation: what each baseline instruction becomes, given what is known of its operands.

mod containers;
mod control;
mod instructions;
mod numbers;
