//! What a strict gate refuses beyond the bytes of HTTP/1: bodies, answers of upstreams, and ways around the gate. Names
//! begin with the ids of `docs/security-tests.md`.

mod answers;
mod around;
mod bodies;
