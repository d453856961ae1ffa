/* libmodbus as the other side: a cabinet with the map of config/cabinets/demo.toml, or the client that the driver is measured against.
 *
 *   libmodbus_peer serve tcp              prints the port of 127.0.0.1 it listens on
 *   libmodbus_peer serve rtu DEVICE       prints "ready"
 *   libmodbus_peer poll tcp PORT POLLS    prints "p50_us polls_per_s": the blocks of the demo profile, read POLLS times
 *   libmodbus_peer poll rtu DEVICE POLLS
 *
 * It holds values and obeys writes; no physics. A server ends by itself after two minutes.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
    fprintf(stderr, "libmodbus_peer: %s: %s\n", what, modbus_strerror(errno));
    exit(1);
}

static modbus_mapping_t *cabinet(void)
{
    /* irradiance, ozone, temperature -5.5 degrees, lamp hours 12345.6 low word first, strikes, scan counter */
    static const uint16_t registers[] = {12345, 87, 65481, 0xE240, 1, 4321, 777};
    static const uint8_t inputs[] = {1, 0, 0, 1, 0}; /* door closed, locked, emergency stop, lamp on, fan on */
    static const uint16_t name[] = {0x4C58, 0x2D44, 0x454D, 0x4F31}; /* LX-DEMO1, from 16 on */
    modbus_mapping_t *map = modbus_mapping_new(3, 5, 20, 7);
    if (map == NULL)
        fail("mapping");
    memcpy(map->tab_input_registers, registers, sizeof registers);
    memcpy(map->tab_registers + 16, name, sizeof name);
    memcpy(map->tab_input_bits, inputs, sizeof inputs);
    return map;
}

/* One connection, until it ends. */
static void converse(modbus_t *bus, modbus_mapping_t *map)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int length;
    while ((length = modbus_receive(bus, query)) != -1 || errno == EMBBADCRC)
        if (length > 0)
            modbus_reply(bus, query, length, map);
}

static void serve_tcp(void)
{
    modbus_t *bus = modbus_new_tcp("127.0.0.1", 0);
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    modbus_mapping_t *map = cabinet();
    int listener;
    if (bus == NULL || (listener = modbus_tcp_listen(bus, 4)) == -1)
        fail("listen");
    if (getsockname(listener, (struct sockaddr *)&at, &size) == -1)
        fail("getsockname");
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    while (modbus_tcp_accept(bus, &listener) != -1) {
        converse(bus, map);
        modbus_close(bus);
    }
}

static modbus_t *line(const char *device)
{
    modbus_t *bus = modbus_new_rtu(device, 115200, 'N', 8, 1);
    if (bus == NULL || modbus_set_slave(bus, 1) == -1 || modbus_connect(bus) == -1)
        fail(device);
    return bus;
}

static void serve_rtu(const char *device)
{
    modbus_t *bus = line(device);
    modbus_mapping_t *map = cabinet();
    puts("ready");
    fflush(stdout);
    for (;;)
        converse(bus, map);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void poll_peer(modbus_t *bus, int polls)
{
    uint8_t bits[5];
    uint16_t words[7];
    double *took = malloc(polls * sizeof *took), began = now_us();
    for (int i = 0; i < polls; i++) {
        double asked = now_us();
        if (modbus_read_input_bits(bus, 0, 5, bits) != 5 || modbus_read_input_registers(bus, 0, 7, words) != 7)
            fail("read");
        took[i] = now_us() - asked;
    }
    double all = now_us() - began;
    qsort(took, polls, sizeof *took, by_size);
    printf("%.2f %.1f\n", took[polls / 2], polls / all * 1e6);
}

int main(int count, char **argument)
{
    int serve = count > 2 && strcmp(argument[1], "serve") == 0;
    int tcp = count > 2 && strcmp(argument[2], "tcp") == 0;
    if (serve) {
        alarm(120);
        if (tcp)
            serve_tcp();
        else
            serve_rtu(argument[3]);
        return 0;
    }
    if (count != 5)
        return 2;
    if (tcp) {
        modbus_t *bus = modbus_new_tcp("127.0.0.1", atoi(argument[3]));
        if (bus == NULL || modbus_set_slave(bus, 1) == -1 || modbus_connect(bus) == -1)
            fail("connect");
        poll_peer(bus, atoi(argument[4]));
    } else {
        poll_peer(line(argument[3]), atoi(argument[4]));
    }
    return 0;
}
