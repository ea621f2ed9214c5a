"""fognode: a farm's agrochemicals from the sensor to the proof, in one process."""
