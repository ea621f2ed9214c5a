"""Which prescription a use of a package counts for, and whether it fits crop, area and dose.

A use is a movement of the stock; a use_declared says what it was for, before it is weighed or
after.
"""

from fognode.custody import products
from fognode.custody.prescribed import (
    HECTARE_M2,
    Bought,
    Plan,
    Prescription,
    Sheet,
    State,
    Use,
    add,
    asks,
    judge,
    tell_none,
)

NO_PLAN = Plan()


def plan_use(state: State, sheet: Sheet) -> None:
    """Note what a use was for; it may be declared before it is weighed or after."""
    told, bought = sheet.told, state.packages.get(sheet.told.text("package"))
    if bought is None:
        return
    plan = Plan(
        prescription=told.text("prescription"),
        crop=told.text("crop").strip(),
        area_m2=told.number("area_m2"),
    )
    use = bought.use
    if use is None or use.planned:
        bought.plan = plan
        return
    # Weighed before it was declared: it counted for what could be thought of then.
    was = state.prescriptions.get(use.prescription)
    if was is not None and was.gtin == bought.gtin:
        add(sheet, was, "used", (-use.amount_g, use.u_g))
    _count(state, sheet, bought, (use.amount_g, use.u_g), plan)
    if was is not None and bought.use is not None and bought.use.prescription != use.prescription:
        judge(sheet, was, "used", bought.package)


def move(state: State, sheet: Sheet) -> None:
    """Count a use that the stock books, or takes back."""
    told, bought = sheet.told, state.packages.get(sheet.told.text("package"))
    movement = told.text("movement")
    if bought is None:
        return
    if movement == "take":
        bought.use = None  # what it is used for from now on is another use
    elif movement == "use" and (amount_g := -told.number("delta_g")) < 0:
        _take_back(state, sheet, bought, amount_g)
    elif movement == "use":
        plan, bought.plan = bought.plan, None
        _count(state, sheet, bought, (amount_g, told.number("u_g")), plan)


def _take_back(state: State, sheet: Sheet, bought: Bought, amount_g: int) -> None:
    """Count less: what was told as use is told anew, or was spilt."""
    use = bought.use
    if use is not None:
        use.amount_g += amount_g
    made = state.prescriptions.get(use.prescription if use else bought.prescription)
    if made is not None and made.gtin == bought.gtin:
        add(sheet, made, "used", (amount_g, 0))
        judge(sheet, made, "used", bought.package)


def _count(
    state: State, sheet: Sheet, bought: Bought, grams: tuple[int, int], plan: Plan | None
) -> None:
    """Count a use, grams and their uncertainty, for the prescription it is made by."""
    made = _prescribed(state, sheet, bought, plan or NO_PLAN)
    bought.use = Use(
        prescription=made.prescription if made else "",
        amount_g=grams[0],
        u_g=grams[1],
        planned=plan is not None,
    )
    if made is None:
        product = products.find(sheet.known.packages.products, bought.gtin)
        if asks(product) and not bought.missed:
            bought.missed = True
            tell_none(sheet, bought, "used")
            text = f"{bought.package} was used, there is no prescription on file for it"
            sheet.find("no_prescription", text, bought.package)
        return
    if made.gtin == bought.gtin:
        add(sheet, made, "used", grams)
        judge(sheet, made, "used", bought.package)
    _compare(sheet, made, bought, plan or NO_PLAN)


def _prescribed(state: State, sheet: Sheet, bought: Bought, plan: Plan) -> Prescription | None:
    """Return the prescription a use counts for: declared, bought by, or the only one."""
    named = plan.prescription or bought.prescription
    if named:
        return state.prescriptions.get(named)
    crop = plan.crop.casefold()
    on_file = [state.prescriptions[name] for name in state.of_gtin.get(bought.gtin, ())]
    fitting = [
        made
        for made in on_file
        if sheet.day <= (made.valid_until or sheet.day) and crop in ("", made.crop.casefold())
    ]
    return fitting[0] if len(fitting) == 1 else None


def _compare(sheet: Sheet, made: Prescription, bought: Bought, plan: Plan) -> None:
    """Compare one use with product, crop, area, dose and last day of its prescription."""
    use, reasons = bought.use, []
    if made.gtin != bought.gtin:
        reasons.append(f"it is for GTIN {made.gtin}, {bought.package} is {bought.gtin}")
    if plan.crop and plan.crop.casefold() != made.crop.casefold():
        reasons.append(f"it is for {made.crop}, used on {plan.crop}")
    if plan.area_m2 > made.area_m2 > 0:
        reasons.append(f"it is for {made.area_m2} m2, used on {plan.area_m2} m2")
    if made.valid_until and sheet.day > made.valid_until:
        reasons.append(f"it was valid until {made.valid_until}")
    if use is not None and made.dose_ml_per_ha and plan.area_m2:
        used_ml = sheet.millilitres(bought.gtin, use.amount_g) or 0
        u_ml = sheet.millilitres(bought.gtin, use.u_g) or 0
        if used_ml - u_ml > made.dose_ml_per_ha * plan.area_m2 // HECTARE_M2:
            dose = used_ml * HECTARE_M2 // plan.area_m2
            reasons.append(f"its dose is {made.dose_ml_per_ha} ml/ha, used were {dose} ml/ha")
    if reasons:
        about = {"package": bought.package, "gtin": bought.gtin}
        judged = {"prescription": made.prescription, "about": "use", "verdict": "beyond"}
        sheet.say({**judged, **about, "reasons": [*reasons]})
        text = f"prescription {made.prescription}: {'; '.join(reasons)}"
        sheet.find("prescription_beyond", text, bought.package, made.prescription)
