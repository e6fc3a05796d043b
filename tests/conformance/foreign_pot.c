/* A decoction pot of a maker who is in no table of ours, on libmodbus: registers, words, timer and physics of its own, no code of ours.
 * Of us it knows what docs/how-to/add-a-machine.md says under "What a machine with `echo` must do".
 *
 * foreign_pot PORT SPEED CLOCK. Its clock is set to CLOCK, seconds since 1970, and runs SPEED times as fast as the wall.
 * Says "ready". SIGUSR1 turns its key from remote to local and back, SIGUSR2 takes its power away for a moment. Each line on
 * standard input gets one line of answer, and it ends with its standard input:
 *   fill | boil | empty | stop   ok, or no where the key stands on remote: the buttons of its panel
 *   taken                        VERB BATCH STEP;...   the orders that it carried out since it was made
 *
 * Input registers (function 4); one request reads at most 20. What is longer than one register has its low word first.
 *   3000 status bits   0 ready, 1 works, 2 done, 4 interrupted, 5 waits for the controller, 7 alarm, 8 key on remote
 *   3001 phase         0 none, 1 dosing, 2 water, 3 heating, 4 simmering, 5 emptying, 6 washing
 *   3002 alarm bits    0 boiled dry, 1 no life sign of the controller, 3 emergency stop
 *   3003 temperature 0.01 C, 3004 set point 0.01 C, 3005 heater W, 3006 contents 5 mL, 3007 time left s, 3008 boil time s (32)
 *   3010 times switched on, 3011 clock s (32), 3013 began to boil at s (32)
 *   3020 order (32), 3022 master (32), 3024 order is 0 none 5 running 6 finished 7 failed, 3025 its result (32)
 *   3027 refused order (32), 3029 why: 0, or 21 old master, 22 had it, 23 busy, 24 spoilt, 25 parameter, 26 local, 27 unknown
 *   3030 batch, 20 characters
 * Holding registers: 500 life sign (cuts the heat 12 s after the last change), 510 to 540 an order (p1 32 bits), 0xC0DE last.
 * Volumes of orders in 5 mL, times in s, temperatures in 0.1 C. 31 charge, 32 water, 33 decoct, 34 empty, 35 wash, 39 stop.
 */
#include <errno.h>
#include <math.h>
#include <modbus.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN = 3000, SHOWN_END = 3040, LIFE = 500, ORDER = 510, ORDER_END = 541, COMMIT = 0xC0DE, MOST = 20, MOST_STEPS = 1 << 14 };
enum { READY = 1, WORKS = 2, DONE = 4, INTERRUPTED = 16, WAITS = 32, ALARM = 128, REMOTE = 256, DRY = 1, LONELY = 2 };
enum phase { NONE, DOSING, WATER, HEATING, SIMMERING, EMPTYING, WASHING };
enum { CHARGE = 31, FILL, DECOCT, EMPTY, WASH, STOP = 39 };
enum { NO_ORDER, RUNNING = 5, FINISHED, FAILED, OLD_MASTER = 21, HAD_IT, BUSY, SPOILT, PARAMETER, LOCAL, UNKNOWN };

static const double VESSEL_ML = 12000, FULL_W = 9000, LOSS_W_PER_K = 12, AMBIENT_C = 21, TAP_C = 15, BOILS_C = 99.99, STEAM_J_PER_G = 2257,
                    SIMMER_ML_PER_MIN = 8, LEAST_ML = 60, WATCH_S = 12;
static double water_ml, wet_ml, herb_g, received_ml, celsius = 21, set_c, heater_w, left_s, hold_s, pour_ml, pour_c, began_ml, boil_s;
static double clock_s, speed, silent_s, off_s;
static uint32_t order, master, refused, result, boiled_at;
static uint16_t status = READY | REMOTE, alarms, boots = 1, order_is, why, life, verb, life_before;
static char batch[21], taken[MOST_STEPS];
static enum phase phase;
static int to_packer;
static volatile sig_atomic_t key_turned, power_gone;
static modbus_mapping_t *map;

static double wall_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void rest(uint16_t how, uint16_t became) {
    status = (uint16_t)(how | (status & REMOTE));
    phase = NONE;
    heater_w = left_s = 0;
    if (order_is == RUNNING) order_is = became;
}

static void interrupt(void) {
    if (status & WORKS) rest(INTERRUPTED, FAILED);
}

static void done(double value) {
    result = (uint32_t)lround(value);
    rest(DONE, FINISHED);
}

static void begin(enum phase first, double seconds) {
    status = (uint16_t)(WORKS | (status & REMOTE));
    phase = first;
    left_s = seconds;
    silent_s = 0;
}

static void pour(double ml, double at_c, double seconds) {
    pour_ml = ml / seconds;
    pour_c = at_c;
}

static void boil(double at_c, double seconds) {
    begin(HEATING, seconds);
    set_c = at_c;
    hold_s = seconds;
    boil_s = boiled_at = 0;
    heater_w = FULL_W;
}

static void warm(void) {
    double j_per_k = 4.186 * (water_ml + wet_ml) + 1.4 * herb_g + 3000, gained_j = heater_w - LOSS_W_PER_K * (celsius - AMBIENT_C);
    celsius += gained_j / j_per_k;
    if (celsius <= BOILS_C) return;
    water_ml = fmax(0, water_ml - (celsius - BOILS_C) * j_per_k / STEAM_J_PER_G);
    celsius = BOILS_C;
}

/* One second of its own time. */
static void second(void) {
    warm();
    if (!(status & WORKS)) return;
    left_s = fmax(0, left_s - 1);
    switch (phase) {
    case DOSING:
    case WATER:
        celsius += (pour_c - celsius) * pour_ml / (water_ml + wet_ml + pour_ml + 700);
        water_ml += pour_ml;
        if (!left_s) done(began_ml);
        return;
    case HEATING:
        left_s = hold_s + (set_c - celsius) * (water_ml + wet_ml) * 4.186 / FULL_W;
        if (celsius >= set_c) phase = SIMMERING, left_s = hold_s, boiled_at = (uint32_t)clock_s;
        break;
    case SIMMERING:
        boil_s++;
        heater_w = LOSS_W_PER_K * (celsius - AMBIENT_C) + SIMMER_ML_PER_MIN / 60 * STEAM_J_PER_G;
        if (!left_s) done(hold_s);
        break;
    case EMPTYING:
        water_ml = fmax(0, water_ml - began_ml / 60);
        if (left_s) return;
        water_ml = 0;
        double all_ml = began_ml + (to_packer ? received_ml : 0);
        received_ml = to_packer ? 0 : received_ml + began_ml;
        done(all_ml);
        return;
    case WASHING:
        if (celsius < set_c) left_s = fmax(left_s, hold_s);
        heater_w = celsius < set_c + 1 ? FULL_W : 0;
        if (left_s) return;
        result = (uint32_t)lround(celsius * 100);
        water_ml = wet_ml = herb_g = received_ml = 0;
        done(result);
        return;
    case NONE: return;
    }
    if (water_ml < LEAST_ML) alarms |= DRY, rest(ALARM, FAILED);
}

static uint16_t crc(const uint8_t *bytes, int count) {
    uint16_t sum = 0xFFFF;
    for (int at = 0; at < count; at++) {
        sum ^= bytes[at];
        for (int bit = 0; bit < 8; bit++) sum = (uint16_t)(sum & 1 ? sum >> 1 ^ 0xA001 : sum >> 1);
    }
    return sum;
}

static void text(char *to, const uint16_t *words) {
    for (int at = 0; at < 20; at++) to[at] = (char)(at % 2 ? words[at / 2] & 255 : words[at / 2] >> 8);
    to[20] = 0;
}

/* The sum of an order is over its words as if every high word came first. */
static uint16_t sum_of(const uint16_t *at) {
    static const uint8_t turned[] = {1, 0, 3, 2};
    uint8_t bytes[58];
    for (int word = 0; word < 29; word++) {
        int from = word < 4 ? turned[word] : word == 25 ? 26 : word == 26 ? 25 : word;
        bytes[2 * word] = (uint8_t)(at[from] >> 8);
        bytes[2 * word + 1] = (uint8_t)at[from];
    }
    return crc(bytes, 58);
}

static uint16_t objection(uint32_t by, uint32_t number, const uint16_t *at, uint32_t p1, uint16_t p2) {
    if (sum_of(at) != at[29]) return SPOILT;
    if (by < master) return OLD_MASTER;
    if (number <= order) return HAD_IT;
    if (!(status & REMOTE)) return LOCAL;
    if (at[4] != STOP && status & (WORKS | ALARM)) return BUSY;
    switch (at[4]) {
    case CHARGE:
    case FILL: return p1 * 5 > VESSEL_ML - water_ml || !p1 ? PARAMETER : 0;
    case DECOCT: return p1 < 60 || p1 > 36000 || p2 < 700 || p2 > 999 || water_ml < LEAST_ML ? PARAMETER : 0;
    case EMPTY: return p1 > 1 ? PARAMETER : 0;
    case WASH: return p1 < 60 || p1 > 3600 || p2 < 600 || p2 > 990 ? PARAMETER : 0;
    default: return at[4] == STOP ? 0 : UNKNOWN;
    }
}

static void obey(const uint16_t *at) {
    uint32_t by = at[0] | (uint32_t)at[1] << 16, number = at[2] | (uint32_t)at[3] << 16, p1 = at[25] | (uint32_t)at[26] << 16;
    uint16_t no = objection(by, number, at, p1, at[27]);
    char step[21];
    if (no) {
        refused = number, why = no;
        return;
    }
    master = by, order = number, order_is = RUNNING, result = 0, verb = at[4];
    alarms = 0;
    text(batch, at + 5), text(step, at + 15);
    size_t used = strlen(taken);
    snprintf(taken + used, sizeof taken - used, "%u %s %s;", verb, batch, step);
    switch (verb) {
    case CHARGE:
        herb_g += at[27], wet_ml += at[28] * 5.0;
        began_ml = p1 * 5.0;
        begin(DOSING, 40), pour(fmax(0, p1 * 5.0 - 0.7 * at[27] - at[28] * 5.0), AMBIENT_C, 40);
        break;
    case FILL:
        began_ml = p1 * 5.0;
        begin(WATER, ceil(began_ml / 60)), pour(began_ml, TAP_C, left_s);
        break;
    case DECOCT: boil(at[27] / 10.0, p1); break;
    case EMPTY:
        began_ml = water_ml, to_packer = p1 == 1;
        begin(EMPTYING, 60);
        break;
    case WASH:
        hold_s = p1, set_c = at[27] / 10.0;
        water_ml = 2400, wet_ml = herb_g = 0, celsius = fmax(celsius, 60);
        begin(WASHING, p1);
        break;
    default: rest(INTERRUPTED, FINISHED);
    }
}

static void show_long(int at, uint32_t value) {
    map->tab_input_registers[at - SHOWN] = (uint16_t)value, map->tab_input_registers[at - SHOWN + 1] = (uint16_t)(value >> 16);
}

static void show(void) {
    uint16_t *shown = map->tab_input_registers;
    double noise = (double)(rand() % 7 - 3) / 100;
    shown[0] = status, shown[1] = phase, shown[2] = alarms;
    shown[3] = (uint16_t)lround((celsius + noise) * 100), shown[4] = (uint16_t)lround(set_c * 100), shown[5] = (uint16_t)heater_w;
    shown[6] = (uint16_t)lround((water_ml + 0.7 * herb_g + wet_ml) / 5), shown[7] = (uint16_t)left_s;
    show_long(3008, (uint32_t)boil_s);
    shown[10] = boots;
    show_long(3011, (uint32_t)clock_s), show_long(3013, boiled_at);
    show_long(3020, order), show_long(3022, master), shown[24] = order_is;
    show_long(3025, result), show_long(3027, refused), shown[29] = why;
    for (int at = 0; at < 10; at++) shown[30 + at] = (uint16_t)((uint8_t)batch[2 * at] << 8 | (uint8_t)batch[2 * at + 1]);
}

static int is_named(int address) { return address < 3015 || address >= 3020; }

/* Answer one request; 0 where the connection is over. */
static int answer(modbus_t *ctx, int fd) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH], *asked = query + modbus_get_header_length(ctx);
    modbus_set_socket(ctx, fd);
    int size = modbus_receive(ctx, query);
    if (size <= 0) return size == 0;
    int first = asked[1] << 8 | asked[2], count = asked[3] << 8 | asked[4];
    show();
    int reads_shown = asked[0] == MODBUS_FC_READ_INPUT_REGISTERS;
    if (count > MOST && (reads_shown || asked[0] == MODBUS_FC_READ_HOLDING_REGISTERS))
        return modbus_reply_exception(ctx, query, MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE) > 0;
    for (int at = first; reads_shown && at < first + count; at++)
        if (!is_named(at)) return modbus_reply_exception(ctx, query, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS) > 0;
    map->tab_registers[ORDER_END - 1 - LIFE] = 0;
    if (modbus_reply(ctx, query, size, map) < 0) return 0;
    if (map->tab_registers[ORDER_END - 1 - LIFE] == COMMIT) obey(map->tab_registers + ORDER - LIFE);
    life = map->tab_registers[0];
    return 1;
}

static const char *press(const char *line) {
    if (!strncmp(line, "taken", 5)) return taken;
    if (status & REMOTE) return "no";
    interrupt();
    began_ml = 3000;
    if (!strncmp(line, "fill", 4)) begin(WATER, 50), pour(began_ml, TAP_C, 50);
    if (!strncmp(line, "boil", 4)) boil(99.5, 1800);
    if (!strncmp(line, "empty", 5)) water_ml = wet_ml = herb_g = received_ml = 0;
    return "ok";
}

static void turn_key(int number) { key_turned = number; }
static void cut_power(int number) { power_gone = number; }

/* Live up to now: what its switches did, the seconds of its own time since, the life sign. */
static void live(double passed_s) {
    if (key_turned) key_turned = 0, interrupt(), status ^= REMOTE;
    for (clock_s += passed_s * speed, off_s += passed_s * speed; off_s >= 1; off_s--) second();
    silent_s = life == life_before ? silent_s + passed_s : 0;
    life_before = life;
    if (silent_s > WATCH_S && status & WORKS && status & REMOTE) alarms |= LONELY, rest(WAITS, FAILED);
}

static void hang_up(int fd, fd_set *all) {
    close(fd);
    FD_CLR(fd, all);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    map = modbus_mapping_new_start_address(0, 0, 0, 0, LIFE, ORDER_END - LIFE, SHOWN, SHOWN_END - SHOWN);
    int listener = ctx && map ? modbus_tcp_listen(ctx, 8) : -1, top = listener;
    if (listener < 0) return 1;
    modbus_set_slave(ctx, 1);
    speed = atof(argv[2]), clock_s = atof(argv[3]);
    signal(SIGUSR1, turn_key), signal(SIGUSR2, cut_power), signal(SIGPIPE, SIG_IGN);
    fd_set all, ready;
    FD_ZERO(&all);
    FD_SET(listener, &all);
    FD_SET(STDIN_FILENO, &all);
    puts("ready");
    fflush(stdout);
    char line[64];
    for (double before_s = wall_s(), now_s;; before_s = now_s) {
        struct timeval pulse = {0, 50000};
        ready = all;
        if (select(top + 1, &ready, NULL, NULL, &pulse) < 0) {
            if (errno != EINTR) return 1;
            FD_ZERO(&ready);
        }
        live((now_s = wall_s()) - before_s);
        for (int fd = 0; fd <= top; fd++) {
            if (power_gone && fd > STDIN_FILENO && fd != listener && FD_ISSET(fd, &all)) hang_up(fd, &all);
            if (!FD_ISSET(fd, &ready) || !FD_ISSET(fd, &all)) continue;
            if (fd == STDIN_FILENO) {
                if (!fgets(line, sizeof line, stdin)) return 0;
                puts(press(line));
                fflush(stdout);
            } else if (fd == listener) {
                int one = listener, fresh = modbus_tcp_accept(ctx, &one);
                if (fresh >= 0) FD_SET(fresh, &all);
                if (fresh > top) top = fresh;
            } else if (!answer(ctx, fd)) {
                hang_up(fd, &all);
            }
        }
        if (power_gone) power_gone = 0, interrupt(), boots++;
    }
}
