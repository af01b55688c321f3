//! Owns what a profile asks of the nodes and whether it fits: requests, sidecars, storage, room.
//! Refuses to render charts and to read the cluster (`survey`).
