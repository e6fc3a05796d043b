/* A Modbus TCP server that shares no code with ours: unit 1 of libmodbus, its registers in the hands of a test.
 *
 * libmodbus_server PORT REGISTERS. Says "ready"; then each line on standard input gets one line of answer:
 *   put ADDRESS WORD...   ok               holding registers
 *   get ADDRESS           WORD
 *   taken                 ADDRESS WORD... ; ...   what clients wrote since the start, in order
 * It ends with its standard input.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

static modbus_mapping_t *map;
static char taken[1 << 20];
static size_t taken_size;

static void note(const uint8_t *query, int head) {
    int address = query[head + 1] << 8 | query[head + 2], count = query[head + 3] << 8 | query[head + 4];
    if (query[head] != MODBUS_FC_WRITE_MULTIPLE_REGISTERS || taken_size + 16 + 6 * (size_t)count > sizeof taken) return;
    if (address + count > map->nb_registers) return;
    taken_size += (size_t)sprintf(taken + taken_size, "%d", address);
    for (int at = 0; at < count; at++)
        taken_size += (size_t)sprintf(taken + taken_size, " %u", map->tab_registers[address + at]);
    taken_size += (size_t)sprintf(taken + taken_size, ";");
}

static void obey(char *line) {
    char *word = strtok(line, " \n"), *next;
    if (word && !strcmp(word, "put") && (next = strtok(NULL, " \n"))) {
        int at = atoi(next);
        while ((next = strtok(NULL, " \n")) && at < map->nb_registers) map->tab_registers[at++] = (uint16_t)atoi(next);
        puts("ok");
    } else if (word && !strcmp(word, "get") && (next = strtok(NULL, " \n"))) {
        printf("%u\n", map->tab_registers[atoi(next) % map->nb_registers]);
    } else {
        puts(taken_size ? taken : "");
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    map = modbus_mapping_new(0, 0, atoi(argv[2]), 0);
    int listener = ctx && map ? modbus_tcp_listen(ctx, 8) : -1, top = listener, head = modbus_get_header_length(ctx);
    if (listener < 0) return 1;
    modbus_set_slave(ctx, 1);
    fd_set all, ready;
    FD_ZERO(&all);
    FD_SET(listener, &all);
    FD_SET(STDIN_FILENO, &all);
    puts("ready");
    fflush(stdout);
    static char line[1 << 16];
    for (;;) {
        ready = all;
        if (select(top + 1, &ready, NULL, NULL, NULL) < 0 && errno != EINTR) return 1;
        for (int fd = 0; fd <= top; fd++) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd == STDIN_FILENO) {
                if (!fgets(line, sizeof line, stdin)) return 0;
                obey(line);
            } else if (fd == listener) {
                int one = listener, fresh = modbus_tcp_accept(ctx, &one);
                if (fresh >= 0) FD_SET(fresh, &all);
                if (fresh > top) top = fresh;
            } else {
                uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
                modbus_set_socket(ctx, fd);
                int size = modbus_receive(ctx, query);
                if (size > 0 && modbus_reply(ctx, query, size, map) >= 0) {
                    note(query, head);
                } else if (size < 0) {
                    close(fd);
                    FD_CLR(fd, &all);
                }
            }
        }
    }
}
