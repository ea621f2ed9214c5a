"""The derived tables: made from the events, updated in place, made again by a rebuild."""

from sqlalchemy import Column, Index, Text

from fognode.store.columns import STATE, derived, key, metadata, number, text

cursor = derived("cursor", key("follower", 40))  # as_of_seq is the cursor itself
board = derived(
    "board",
    key("board", 8),
    number("boot"),  # widened: 65536 x epoch + boot
    number("count"),  # highest count kept without a gap in that boot
    text("kind", 40),
    text("version", 40),
    number("last_event_at_ms"),
)
product = derived(
    "product",
    key("gtin", 14),
    text("name"),
    text("registration", 60),
    text("packaging", 20),
    number("density_g_per_l"),
    text("active"),
    number("hazard_class"),
    text("hazards", 200),
    text("first_aid", 600),
    number("guarded"),
    number("content_g"),
    number("content_ml"),
    number("tare_g"),
    number("warn_level_g"),
    number("lead_days"),
    number("opened_life_days"),
    number("needs_witness"),
    number("cost_cents"),
    text("hours", 60),
)
person = derived(
    "person",
    key("person", 40),
    text("alias", 60),
    text("badge", 20),
    text("role", 20),
    text("licence_until", 10),
    number("least_class"),
    text("cabinets", 200),
    number("may_authorise"),
)
package = derived(
    "package",
    key("package", 60),
    text("gtin", 14),
    text("serial", 40),
    text("lot", 40),
    text("expires_on", 10),
    text("invoice", 60),
    text("tag", 24),
    text("packaging", 20),
    text("source"),
    text("site", 40),
    number("gross_g"),
    number("tare_g"),
    number("state"),  # 1 sealed, 2 in use, 3 empty, 4 prepared, 5 returned, 6 received
    text("holder", 40),  # person, "" = in its place, "nobody named"
    number("out_since_at_ms"),  # 0 = not out
    number("received_at_ms"),
    text("token_id", 64),
)
opening = derived(
    "opening",
    key("opening", 32),  # event_id of the openBox
    text("cabinet", 40),
    text("person", 40),
    number("opened_at_ms"),
    number("closed_at_ms"),  # 0 = still open
    number("delta_g"),  # settled weight after minus before
    text("packages_out", 300),
    text("packages_in", 300),
    text("verdict", 40),  # normal, restock, no_badge, out_of_hours, unbalanced, open
    text("sentence", 600),
    text("authorised_by", 40),
    number("sure_permille"),
    number("declared_g"),
)
discrepancy = derived(
    "discrepancy",
    key("discrepancy", 32),  # event_id of the discrepancy_found
    text("opening", 32),
    text("rule", 40),
    text("text", 300),
    text("state", 20),  # open, closed
    number("found_at_ms"),
    text("package", 60),
    text("person", 40),
    number("delta_g"),
    number("u_g"),
    text("closed_by", 40),
    text("reason", 40),
    text("explanation", 300),
    number("closed_at_ms"),
    number("escalated_at_ms"),
)
points = derived(
    "points",
    key("entry", 80),  # package/step
    text("package", 60),
    text("step", 20),  # received, prepared, returned
    number("points"),
    text("private_tx", 66),
    text("public_tx", 66),
    number("earned_at_ms"),
)
alert = derived(
    "alert",
    key("alert", 32),  # event_id of the first sensorAlert
    text("rule", 40),
    text("fingerprint", 120),
    text("severity", 10),  # critical, warning, info
    text("place", 40),
    text("text", 300),
    text("state", 20),  # firing, resolved
    number("occurrences"),
    number("first_at_ms"),
    number("last_at_ms"),
)
mail_outbox = derived(
    "mail_outbox",
    key("id"),  # event_id/manager
    text("event_id", 32),
    text("person", 60),
    text("channel", 20),
    text("message_id"),
    number("due_at_ms"),
    number("tries"),
    text("state", 20),  # owed, sent, failed
    number("next_try_at_ms"),
    text("last_error", 300),
)
chain_outbox = derived(
    "chain_outbox",
    key("id"),  # chain/event_id
    text("chain", 20),
    text("event_id", 32),  # of the sendToBlockchain
    text("package", 60),
    text("token_id", 64),
    number("seq"),
    text("method", 20),
    number("kind"),
    Column("args_json", Text, nullable=False),
    text("data_hash", 64),
    text("sender", 42),
    text("depends_on"),  # id of the row before it on the same token, "" = none
    text("state", 20),
    number("nonce"),  # -1 = none yet
    number("gas_limit"),
    number("tries"),
    number("next_try_at_ms"),
    number("block_number"),
    text("block_hash", 66),
    text("tx_hash", 66),
    number("last_push_at_ms"),
    text("error_code", 40),
    text("error_text", 300),
    number("created_at_ms"),
    number("updated_at_ms"),
    Index("chain_outbox_step", "chain", "event_id", unique=True),
    Index("chain_outbox_due", "chain", "state", "next_try_at_ms"),
)
chain_guard = derived(
    "chain_guard",
    key("chain", 20),
    number("chain_id"),
    text("genesis_hash", 66),
    text("contract", 42),
    text("code_hash", 64),
    number("last_final_number"),
    text("last_final_hash", 66),
    text("state", 10),  # OK, HELD, AWAY
    text("reason", 300),
    number("head_number"),
    number("updated_at_ms"),
)
partner_outbox = derived(
    "partner_outbox",
    key("id"),  # partner/event_id
    text("partner", 40),
    text("event_id", 32),
    Column("document", Text, nullable=False),  # the exact JSON that is posted
    text("state", 20),  # owed, accepted, refused
    number("tries"),
    number("next_try_at_ms"),
    text("last_error", 300),
)
gov_outbox = derived(
    "gov_outbox",
    key("id"),  # regulator/event_id
    text("regulator", 40),
    text("event_id", 32),
    text("mov_id", 60),  # "" until the document is signed
    text("state", 20),  # owed, SIGNED, SENT, UNKNOWN, ACCEPTED, REJECTED
    number("tries"),
    number("next_try_at_ms"),
    text("protocol", 40),
    text("last_error", 300),
)
finding = derived(
    "finding",
    key("finding", 32),  # event_id of the prediction, correlation or patternDetection
    text("task", 40),
    text("kind", 40),
    text("text", 600),
    text("model", 60),
    number("found_at_ms"),
)
# --- custody in full
badge = derived(
    "badge",
    key("held", 32),
    text("badge", 20),
    text("person", 40),
    number("from_at_ms"),
    number("to_at_ms"),
    text("reason", 200),
)
work_order = derived(
    "work_order",
    key("work_order", 40),
    text("person", 40),
    text("package", 60),
    text("gtin", 14),
    text("place", 40),
    number("from_at_ms"),
    number("until_at_ms"),
    text("ordered_by", 40),
    number("given_at_ms"),
)
tag_binding = derived(
    "tag_binding",
    key("binding", 32),
    text("tag", 24),
    text("package", 60),
    number("from_at_ms"),
    number("to_at_ms"),
    text("bound_by", 40),
    text("reason", 200),
    text("unbound_by", 40),
    text("unbound_reason", 200),
)
prescription = derived(
    "prescription",
    key("prescription", 30),
    text("professional", 60),
    text("gtin", 14),
    text("crop", 60),
    number("area_m2"),
    number("dose_ml_per_ha"),
    number("phi_days"),
    text("valid_until", 10),
    text("invoice", 60),
    text("unit", 2),
    number("limit_amount"),
    number("bought_amount"),
    number("used_amount"),
    number("u_amount"),
    text("bought_verdict", 20),
    text("used_verdict", 20),
)
crop_rule = derived(
    "crop_rule",
    key("rule", 220),
    text("gtin", 14),
    text("crop", 60),
    text("valid_from", 10),
    number("phi_days"),
    number("rei_hours"),
    number("max_dose_ml_per_ha"),
    text("source", 200),
)
supplier = derived(
    "supplier",
    key("supplier", 40),
    text("name"),
    text("cnpj", 14),
    number("on_chain"),
)
stock = derived(
    "stock",
    key("package", 60),
    text("gtin", 14),
    text("place", 40),
    text("state", 20),
    number("gross_g"),
    number("tare_g"),
    number("tare_with_lid"),
    number("net_g"),
    number("u_g"),
    text("opened_on", 10),
    text("effective_expiry", 10),
    number("counted_only"),
    number("doubted"),
    number("weighed"),
)
stock_total = derived(
    "stock_total",
    key("gtin", 14),
    number("net_g"),
    number("u_g"),
    number("packages"),
    number("warn_level_g"),
    number("low"),
    number("value_cents"),
)
movement = derived(
    "movement",
    key("movement", 32),
    text("package", 60),
    text("gtin", 14),
    text("what", 20),
    number("delta_g"),
    number("net_g"),
    number("u_g"),
    text("source", 10),
    text("place", 40),
    text("person", 40),
    text("reason", 200),
    text("cause", 32),
    number("at_ms"),
)
stocktake = derived(
    "stocktake",
    key("stocktake", 60),
    text("cabinet", 40),
    text("person", 40),
    number("opened_at_ms"),
    number("closed_at_ms"),
    number("expected"),
    number("counted"),
    number("differences"),
)
custody = derived(
    "custody",
    key("session", 32),
    text("package", 60),
    text("person", 40),
    text("authorised_by", 40),
    text("out_cabinet", 40),
    text("out_opening", 32),
    number("out_at_ms"),
    text("in_cabinet", 40),
    text("in_opening", 32),
    number("in_at_ms"),
    number("used_g"),
    number("u_g"),
    number("declared_g"),
    text("state", 20),
    text("sentence", 600),
    number("sure_permille"),
)
review = derived(
    "review",
    key("opening", 32),
    text("verdict", 20),
    text("text", 300),
    text("reviewed_by", 40),
    number("reviewed_at_ms"),
)
invoice = derived(
    "invoice",
    key("invoice", 60),
    text("sha256", 64),
    text("supplier"),
    text("issued_on", 10),
    text("prescriptions", 300),
    text("state", 20),
)
expected = derived(
    "expected",
    key("expected", 80),
    text("invoice", 60),
    text("gtin", 14),
    text("name"),
    text("lot", 40),
    text("expires_on", 10),
    text("quantity", 30),
    text("unit", 20),
    number("wanted"),
    number("confirmed"),
)
way_back = derived(
    "way_back",
    key("package", 60),
    text("route", 10),  # rinsed, bagged; "" = not prepared
    text("shown", 30),  # photo, witness, photo and witness; "" = nothing shows it
    text("photo", 64),
    number("prepared_at_ms"),
    number("left_at_ms"),  # 0 = it is on the farm
    text("batch", 60),  # a package that left alone: its own name
)
batch = derived(
    "batch",
    key("batch", 60),
    text("destination", 120),
    text("carrier", 120),
    number("units"),
    number("rinsed"),  # of the units
    number("left_at_ms"),
    text("receipt", 40),  # "" = none yet
    text("centre", 120),
    text("received_on", 10),
    number("washed"),  # these two: by the receipt
    number("unwashed"),
)
deadline = derived(
    "deadline",
    key("package", 60),
    text("due_on", 10),  # when it has to be back at a centre
)
counter = derived(
    "counter",
    key("scale", 20),  # participation, data_sent, data_disclosed
    number("count"),
)
DERIVED = tuple(table for table in metadata.tables.values() if table.schema == STATE)
