#include "fake_hal.h"

#include <string.h>

#include "board.h"
#include "chance.h"
#include "hal.h"
#include "ring.h"

struct fake fake;

static uint64_t convert_us; // next HX711 conversion
static bool weight_data = true;
static bool echo_high;
static uint64_t rise_us, fall_us; // of the echo under way; rise 0 = none
static uint32_t echo_us;           // length of the echo that ended; 0 = none
static const char *said = "";
static struct {
    uint8_t us[DHT_MODEL_PHASES];
    uint8_t count;
    uint64_t began_us;
} answer; // of the climate sensor
static uint64_t camera_ns;         // next change of its lines
static uint32_t tick_ms;           // the last one that hal_tick told

void fake_start(void)
{
    memset(&fake, 0, sizeof fake);
    memset(fake.eeprom, 0xFF, sizeof fake.eeprom);
    fake.eeprom_writes_left = -1;
    fake.light = 60;
    fake.level = 512;
    hcsr04_model_start(&fake.distance);
    hx711_model_start(&fake.weight);
    rc522_model_start(&fake.reader);
    dht_model_start(&fake.climate);
    ov7670_model_start(&fake.camera);
    fake.send_us = 12;
    camera_ns = tick_ms = 0;
    answer.count = 0;
    fake_power_cut();
    fake.weight.noise = 0;
    chance_seed(1);
    convert_us = 100000;
    rise_us = fall_us = 0;
    weight_data = true;
    echo_high = false;
    echo_us = 0;
    said = "";
}

void fake_power_cut(void)
{
    for (ring_start(1); ring_count();)
        ring_drop_oldest();
}

void fake_advance_us(uint32_t us)
{
    fake.us += us;
    for (; fake.us >= convert_us; convert_us += 1000000 / fake.weight.sps)
        weight_data = hx711_model_convert(&fake.weight, fake.us);
    while (fake.camera_on && fake.us * 1000 >= camera_ns)
        camera_ns += (uint64_t)ov7670_model_next(&fake.camera) *
                     ov7670_model_prescale(&fake.camera) * 125; // of 8 MHz
    echo_high = rise_us && fake.us >= rise_us && fake.us < fall_us;
    if (rise_us && fake.us >= fall_us) {
        echo_us = (uint32_t)(fall_us - rise_us);
        rise_us = 0;
    }
}

void fake_run(uint32_t ms)
{
    for (uint64_t until = fake.us + ms * 1000ULL; fake.us < until;) {
        hal_alive();
        board_step();
        fake_advance_us(1000);
    }
}

void fake_say(const char *text) { said = text; }

void fake_forget_output(void) { fake.out_count = 0; }

int fake_count(const char *text)
{
    int count = 0;

    fake.out[fake.out_count] = '\0';
    for (const char *at = fake.out; (at = strstr(at, text)); at++)
        count++;
    return count;
}

// ---- hal.h ---------------------------------------------------------------------------

uint32_t hal_ms(void) { return (uint32_t)(fake.us / 1000); }

uint32_t hal_us(void)
{
    fake_advance_us(4);
    return (uint32_t)fake.us;
}

void hal_delay_us(uint8_t us) { fake_advance_us(us); }

static void start_echo(void)
{
    rise_us = fake.us + HCSR04_MODEL_DELAY_US;
    fall_us = rise_us + hcsr04_model_echo_us(&fake.distance);
}

void hal_pin(enum hal_pin pin, bool high)
{
    if (pin == HAL_TRIG && hcsr04_model_trigger(&fake.distance, high, fake.us))
        start_echo();
    else if (pin == HAL_HX_CLOCK)
        weight_data = hx711_model_clock(&fake.weight, high, fake.us);
    else if (pin == HAL_RC_RESET)
        rc522_model_reset(&fake.reader, high);
    else if (pin == HAL_RC_SELECT && !high)
        rc522_model_select(&fake.reader);
    else if (pin == HAL_CAMERA_RESET)
        ov7670_model_reset(&fake.camera, high);
}

static bool climate_level(void)
{
    uint64_t end_us = answer.began_us;

    if (fake.climate.low)
        return false;
    for (uint8_t i = 0; i < answer.count; i++) {
        end_us += answer.us[i];
        if (fake.us < end_us)
            return !(i & 1);
    }
    return true;
}

static bool sccb_data = true, sccb_clock = true; // as the host leaves them

static void pull_sccb(enum hal_pin pin, bool low)
{
    if (pin == HAL_SCCB_DATA)
        sccb_data = !low;
    else
        sccb_clock = !low;
    ov7670_model_wire(&fake.camera, sccb_data, sccb_clock);
}

void hal_pull(enum hal_pin pin, bool low)
{
    if (pin == HAL_SCCB_DATA || pin == HAL_SCCB_CLOCK)
        pull_sccb(pin, low);
    if (pin != HAL_DHT || !dht_model_hold(&fake.climate, low, fake.us))
        return;
    answer.count = dht_model_answer(&fake.climate, answer.us);
    answer.began_us = fake.us;
}

bool hal_read(enum hal_pin pin)
{
    if (pin == HAL_DHT)
        return climate_level();
    if (pin == HAL_SCCB_DATA)
        return sccb_data && !fake.camera.pulls;
    return pin == HAL_ECHO ? echo_high || fake.distance.stuck : weight_data;
}

uint16_t hal_adc(enum hal_analog input)
{
    return input == HAL_LIGHT ? fake.light : fake.level;
}

uint8_t hal_spi(uint8_t byte)
{
    fake_advance_us(2);
    return rc522_model_byte(&fake.reader, byte, fake.us);
}

uint16_t hal_edges(void)
{
    uint16_t edges = fake.edges;
    fake.edges = 0;
    return edges;
}

void hal_echo_clear(void) { echo_us = 0; }

bool hal_echo(uint32_t *us)
{
    *us = echo_us;
    return echo_us != 0;
}

void hal_irq_off(void) { fake.irq_off_us = fake.us; }

void hal_irq_on(void)
{
    uint64_t off_us = fake.us - fake.irq_off_us;
    if (off_us > fake.irq_off_longest_us)
        fake.irq_off_longest_us = off_us;
}

bool hal_tick(void)
{
    bool due = hal_ms() != tick_ms;

    tick_ms = hal_ms();
    return due;
}

void hal_alive(void)
{
    if (fake.us - fake.alive_us > fake.unfed_longest_us)
        fake.unfed_longest_us = fake.us - fake.alive_us;
    fake.alive_us = fake.us;
}

void hal_camera_start(void) { fake.camera_on = true; }

bool hal_camera_vsync(void) { return fake.camera.vsync; }

bool hal_camera_href(void)
{
    fake_advance_us(1);
    return fake.camera.href;
}

bool hal_camera_clock(void)
{
    fake_advance_us(1);
    return fake.camera.clock;
}

uint8_t hal_camera_byte(void) { return fake.camera.byte; }

void hal_uart_send(uint8_t byte)
{
    hal_uart_put((const char *)&byte, 1);
    fake_advance_us(fake.send_us);
}

bool hal_uart_get(uint8_t *byte)
{
    if (!*said)
        return false;
    *byte = (uint8_t)*said++;
    return true;
}

uint8_t hal_uart_room(void) { return fake.uart_full ? 0 : 127; }

void hal_uart_put(const char *bytes, uint8_t count)
{
    if (fake.out_count + count >= FAKE_OUT)
        return;
    memcpy(fake.out + fake.out_count, bytes, count);
    fake.out_count += count;
}

uint8_t hal_eeprom_read(uint16_t address) { return fake.eeprom[address]; }

void hal_scan_start(void) {}

bool hal_scan_get(uint8_t *byte)
{
    if (!fake.scan || !*fake.scan)
        return false;
    *byte = (uint8_t)*fake.scan++;
    return true;
}

bool hal_eeprom_ready(void) { return fake.us >= fake.eeprom_until_us; }

void hal_eeprom_begin(uint16_t address, uint8_t byte)
{
    if (!hal_eeprom_ready())
        return; // as the chip does
    fake.eeprom_until_us = fake.us + 3400;
    hal_eeprom_write(address, byte);
}

void hal_eeprom_write(uint16_t address, uint8_t byte)
{
    if (!fake.eeprom_writes_left)
        return;
    fake.eeprom_wear[address]++;
    if (fake.eeprom_writes_left > 0)
        fake.eeprom_writes_left--;
    fake.eeprom[address] = byte;
}

uint16_t hal_free_ram(void) { return 700; }
