"""A small plant with an attack in it, made with scapy: to try sentinel on, and to test it with."""
