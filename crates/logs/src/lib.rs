//! Zeek logs (TSV and JSON) and Suricata EVE as events: ECS names beside the original ones.
