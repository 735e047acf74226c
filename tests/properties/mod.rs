//! What holds whatever the input. The properties that need the engine's inside stand beside it, in `services/engine/answer/tests`.

mod disclosure;
mod limits;
mod statistics;
