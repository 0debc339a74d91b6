"""From files to packets: what belongs together, what it says, and every fault in it, before anything is sent."""
