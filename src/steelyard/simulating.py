"""`steelyard simulate`: the outside world, the people of a shop, a month of both."""

import asyncio
import logging
import sys

import click

from steelyard.kernel import settings as kernel_settings
from steelyard.terminal import NOT_AS_IT_SHOULD_BE, Sentence, plainly, progressing, tell

SIMULATORS = ("payments", "carriers", "bank", "mail", "alipay", "wechatpay", "stripe")
SHOPPERS = "shoppers"
HOST = "host"
MONTH = "month"


@click.command()
@click.argument("who", nargs=-1, type=click.Choice([*SIMULATORS, "all", SHOPPERS, HOST, MONTH]))
@click.option("--port", type=int, help="The first port; the simulators take this and the next ones.")
@click.option("--number", default=5, show_default=True, help="With `shoppers`: how many walk through the shop.")
@click.option("--seed", default=1, show_default=True, help="With `month`: the same seed, the same people.")
@click.option(
    "--faults",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="With `month`: the share of messages, answers and refunds of channel and bank that go wrong.",
)
@click.option(
    "--purchases", type=click.IntRange(1, 20_000), default=600, show_default=True, help="With `month`: so many."
)
@click.option("--clock", is_flag=True, help="With `host`: a still picture with a clock in it that programs read.")
@click.option("--json", "as_json", is_flag=True, help="With `month`: print the money for a program.")
@plainly
def simulate(
    who: tuple[str, ...],
    port: int | None,
    number: int,
    seed: int,
    faults: float,
    purchases: int,
    clock: bool,
    as_json: bool,
) -> None:
    """Play the outside world: the payment channels, the carriers, the bank, the mail server; or, of the shop at the
    installation's address, its shoppers or the host of its live sessions; or a month of the demo marketplace in a house of
    its own, to see that its money is right."""
    from steelyard.demo import running
    from steelyard.simulators import programs

    if MONTH in who:
        _month(seed, faults, purchases, as_json)
        return
    if SHOPPERS in who:
        _walk(number)
        return
    if HOST in who:
        _host(clock)
        return
    settings = running.simulators(kernel_settings.load(), first_port=port)
    names = SIMULATORS if not who or "all" in who else who
    for name in names:
        click.echo(f"{name}: {programs.addresses(settings)[name]}")  # pyright: ignore[reportArgumentType]
    try:
        asyncio.run(programs.serve(names, settings))  # pyright: ignore[reportArgumentType]  # click checked the names
    except programs.PortTaken as taken:
        raise Sentence(str(taken)) from taken


def _walk(number: int) -> None:
    from steelyard.kernel import logs
    from steelyard.simulators import shoppers

    settings = kernel_settings.load()
    logs.configure()
    click.echo(f"{number} shoppers walk through {settings.base_url}")
    try:
        asyncio.run(shoppers.walk(settings.base_url, number))
    except shoppers.NotHere as elsewhere:
        raise Sentence(f"Shoppers only walk through a shop on this machine, not at {elsewhere}.") from elsewhere


def _host(clock: bool) -> None:
    from steelyard.kernel import logs
    from steelyard.simulators import host

    settings = kernel_settings.load()
    if not settings.media_webhook_secret:
        raise Sentence("STEELYARD_MEDIA_WEBHOOK_SECRET is not set: the house would not say what to play.")
    logs.configure(settings.log_format)
    hooks = settings.media_hooks_url or f"{settings.base_url}/hooks/media"
    click.echo(f"The host plays what {hooks}/host says")
    asyncio.run(host.serve(host.Settings(hooks_url=hooks, secret=settings.media_webhook_secret, clock=clock)))


def _month(seed: int, faults: float, purchases: int, as_json: bool) -> None:
    from steelyard.demo import month
    from steelyard.kernel import logs

    logs.configure(level=logging.ERROR)  # calls that are not answered are what this is about
    with progressing() as progress:
        bars = {}

        def step(what: str, done: int, of: int) -> None:
            bars[what] = bars.get(what) or progress.add_task(what, total=of)
            progress.update(bars[what], completed=done, total=of)

        report = month.run(month.Plan(seed=seed, faults=faults, purchases=purchases), step)
    tell(month.by_currency(report), as_json, lambda: click.echo("\n".join(month.lines(report))))
    if not report.clean:
        sys.exit(NOT_AS_IT_SHOULD_BE)
