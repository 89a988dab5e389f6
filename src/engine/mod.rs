//! One passage in, one verdict out.
