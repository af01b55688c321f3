//! What is fetched once is there; what is damaged or another thing is not.
