#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int line = -1;

static void hang_up(void)
{
    if (line >= 0)
        close(line);
    line = -1;
}

static void dial(const uint8_t address[4], uint16_t port)
{
    struct sockaddr_in fog = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;

    hang_up();
    memcpy(&fog.sin_addr, address, 4);
    line = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (line < 0)
        return;
    setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(line, (struct sockaddr *)&fog, sizeof fog) != 0 && errno != EINPROGRESS)
        hang_up();
}

static int dialed(void)
{
    struct pollfd fd = {line, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;

    if (line < 0)
        return -1;
    if (poll(&fd, 1, 0) <= 0)
        return 0;
    return getsockopt(line, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && !error ? 1 : -1;
}

static size_t send_bytes(const uint8_t *bytes, size_t count)
{
    ssize_t sent = line < 0 ? -1 : send(line, bytes, count, MSG_NOSIGNAL);

    return sent > 0 ? (size_t)sent : 0;
}

static long receive(uint8_t *bytes, size_t room)
{
    ssize_t count = line < 0 ? 0 : recv(line, bytes, room, 0);

    if (count > 0)
        return count;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

const struct w5500_net net_of_host = {dial, dialed, send_bytes, receive, hang_up};
