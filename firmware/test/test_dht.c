#include "check.h"

#include "chance.h"
#include "dht.h"
#include "fake_hal.h"
#include "hal.h"

static struct dht_reading reading;

// Pass by pass until the driver says something.
static enum dht_news ask(enum dht_kind kind)
{
    for (int i = 0; i < 5000; i++) {
        uint64_t before_us = fake.us;
        enum dht_news news = dht_step(kind, hal_ms(), &reading);
        CHECK(fake.us - before_us < 6000); // what the receive buffer bridges
        fake_advance_us(1000);
        if (news != DHT_NOTHING)
            return news;
    }
    CHECK(!"it answers or is away");
    return DHT_NOTHING;
}

static void start(void)
{
    fake_start();
    dht_start(0);
}

static void dht22_is_read_over_its_whole_range(void)
{
    start();
    for (int16_t decicelsius = -400; decicelsius <= 800; decicelsius += 37) {
        fake.climate.decicelsius = decicelsius;
        fake.climate.permille = (int16_t)((decicelsius + 400) * 10 / 12);
        CHECK(ask(DHT22) == DHT_READ && reading.decicelsius == decicelsius);
        CHECK(reading.permille == fake.climate.permille);
    }
}

static void dht11_gives_whole_degrees_and_percents(void)
{
    start();
    fake.climate.is_dht11 = true;
    fake.climate.decicelsius = 217;
    fake.climate.permille = 533;
    CHECK(ask(DHT11) == DHT_READ && reading.decicelsius == 210 && reading.permille == 530);
}

static void readings_are_two_seconds_apart(void)
{
    start();
    CHECK(ask(DHT22) == DHT_READ);
    uint64_t first_us = fake.us;
    CHECK(ask(DHT22) == DHT_READ);
    CHECK(fake.us - first_us > 1990000);
}

static void turned_bits_and_half_answers_are_no_reading(void)
{
    int garbled = 0, away = 0;

    start();
    reading.permille = -1;
    fake.climate.garble = 100;
    for (int i = 0; i < 200; i++)
        garbled += ask(DHT22) == DHT_GARBLED;
    CHECK(garbled == 200 && reading.permille == -1);
    fake.climate.garble = 0;
    fake.climate.cut = 100;
    for (int i = 0; i < 200; i++)
        away += ask(DHT22) == DHT_AWAY;
    CHECK(away == 200 && reading.permille == -1);
}

static void missing_sensor_is_away_and_its_return_is_seen(void)
{
    start();
    fake.climate.gone = true;
    CHECK(ask(DHT22) == DHT_AWAY);
    fake.climate.gone = false;
    CHECK(ask(DHT22) == DHT_READ);
}

static void value_beyond_the_sheet_is_no_reading(void)
{
    start();
    fake.climate.permille = 1001;
    CHECK(ask(DHT22) == DHT_GARBLED);
    fake.climate.permille = 500;
    fake.climate.decicelsius = 1300;
    CHECK(ask(DHT22) == DHT_GARBLED);
}

void test_dht(void)
{
    dht22_is_read_over_its_whole_range();
    dht11_gives_whole_degrees_and_percents();
    readings_are_two_seconds_apart();
    turned_bits_and_half_answers_are_no_reading();
    missing_sensor_is_away_and_its_return_is_seen();
    value_beyond_the_sheet_is_no_reading();
}
