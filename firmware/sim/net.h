// The wire of the simulated W5500: a real TCP connection of this host.
#ifndef NET_H
#define NET_H

#include "w5500_model.h"

extern const struct w5500_net net_of_host;

#endif
