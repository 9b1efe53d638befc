"""A market, a receiver and a mail server in one thread, each of which may stop at any step of HTTP
and SMTP; and a configuration of stores that are polled each second."""
import asyncio
import collections
import json
import socket
import threading
import time

from daemon_client import wait_for

UNFULFILLED = "/v4/posting/fbs/unfulfilled/list"
OFF = "stock: off, reviews: off, logistics: off, complaints: off, account: off"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"
# What a peer of HTTP says before it says nothing more; a list: in pieces, the last one again and again.
HTTP = {"accepts": b"", "half a head": HEAD[:20], "heads without end": [HEAD, b"X-More: 1\r\n"], "head": HEAD + b"\r\n",
        "half a body": HEAD + b"\r\n{\"a\":", "a body that drips": [HEAD + b"\r\n{\"a\":\"", b"x"],
        "200 without end": [CHUNK, b"1\r\nx\r\n"], "no last chunk": CHUNK,
        "more after the answer": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n"]}
# The command of SMTP that gets no answer; END: the mail itself.
SMTP = ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END", "QUIT"]
DRIPS = 0.05  # s between the pieces


def stamp(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".%03dZ" % (at % 1 * 1000)


class Peers:
    """A market, a receiver and a mail server in one thread; `hangs` says who misbehaves, and how."""

    def __init__(self):
        self.orders, self.told, self.hangs = collections.defaultdict(list), [], {}
        self.mails = self.bad_requests = 0
        self.full, self.mailed = set(), []  # addresses that are refused for now; (recipients, mail)
        self.loop, ready = asyncio.new_event_loop(), threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self.listen())
            ready.set()
            self.loop.run_forever()
        threading.Thread(target=run, daemon=True).start()
        ready.wait()

    async def listen(self):
        self.ports = {}
        # Connections are not taken any more: another one gets no answer to its first packet.
        self.crowded = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.ports["crowded"] = self.crowded.getsockname()[1]
        self.crowd = []
        for _ in range(3):
            line = socket.socket()
            line.setblocking(False)
            line.connect_ex(self.crowded.getsockname())
            self.crowd.append(line)
        for name, handler in (("ozon", self.market), ("webhook", self.hook), ("smtp", self.mail), ("bad", self.bad)):
            server = await asyncio.start_server(handler, "127.0.0.1", 0, backlog=512)
            self.ports[name] = server.sockets[0].getsockname()[1]

    def port(self, name):
        return self.ports[name]

    @staticmethod
    async def misbehave(writer, said):
        pieces = said if isinstance(said, list) else [said]
        for piece in pieces:
            writer.write(piece)
        while isinstance(said, list):
            await asyncio.sleep(DRIPS)
            writer.write(pieces[-1])
            await writer.drain()
        await asyncio.sleep(3600)

    @staticmethod
    async def request(reader):
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        return lines[0].split()[1], headers, await reader.readexactly(int(headers.get("content-length", 0)))

    @staticmethod
    def answer(writer, body):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async def market(self, reader, writer):
        try:
            while True:
                path, headers, _ = await self.request(reader)
                client = headers["client-id"]
                if client in self.hangs:
                    await self.misbehave(writer, self.hangs[client])
                posts = self.orders[client] if path == UNFULFILLED else []
                key = "result" if "cancellation" in path else "postings"
                self.answer(writer, json.dumps({key: posts, "has_next": False, "cursor": ""}).encode())
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def hook(self, reader, writer):
        try:
            while True:
                _, _, body = await self.request(reader)
                now = time.time()
                self.told += [(now, a["entity"], a["level"], a["move"]) for a in json.loads(body)["alerts"]]
                self.answer(writer, b"{}")
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def bad(self, reader, writer):
        try:
            await self.request(reader)
            self.bad_requests += 1
            await self.misbehave(writer, self.hangs.get("bad", b""))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def mail(self, reader, writer):
        in_mail, silent, to = False, False, []

        def say(command, text):
            nonlocal silent
            silent = silent or command == self.hangs.get("smtp")
            if silent and self.hangs.get("drips") and not writer.is_closing():  # an answer of lines without end
                writer.write(text[:3] + b"-more\r\n")
                loop = asyncio.get_running_loop()
                loop.call_later(DRIPS, say, command, text)
            if not silent:
                writer.write(text)
        try:
            say("GREETING", b"220 mx\r\n")
            while line := (await reader.readline()).strip():
                verb = line[:4].decode("ascii", "replace").upper()
                mail = []
                while in_mail and line != b".":
                    mail.append(line)
                    line = (await reader.readline()).strip()
                if in_mail:
                    in_mail, self.mails = False, self.mails + 1
                    self.mailed.append((to, b"\n".join(mail)))
                    to = []
                    say("END", b"250 queued as 1\r\n")
                elif verb == "DATA":
                    in_mail = True
                    say("DATA", b"354 go on\r\n")
                elif verb == "QUIT":
                    say("QUIT", b"221 bye\r\n")
                elif verb == "RCPT" and self.hangs.get("smtp") == "QUIT":
                    say("RCPT", b"451 4.7.1 greylisted\r\n")
                elif verb == "RCPT" and (address := line.decode().partition("<")[2].rstrip(">")) in self.full:
                    say("RCPT", b"452 4.2.2 mailbox full\r\n")
                elif verb == "RCPT":
                    to.append(address)
                    say("RCPT", b"250 ok\r\n")
                else:
                    say(verb, b"250 ok\r\n")
            if silent:
                await asyncio.sleep(3600)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    def order(self, number, client="1", due=86400):
        ship = stamp(time.time() + due)
        self.orders[client].append({
            "posting_number": number, "status": "awaiting_packaging", "in_process_at": stamp(time.time()),
            "shipment_date": ship, "shipment_date_without_delay": ship,
            "products": [{"sku": 11, "name": "Kettle", "quantity": 1, "price": {"amount": "10", "currency": "RUB"}}]})

    def told_of(self, number, seconds=10, level=None):
        """When the receiver heard of it."""
        return wait_for(lambda: next((at for at, entity, how, _ in self.told
                                      if entity == number and level in (None, how)), None), seconds, 0.01)


def config(stores):
    lines = ["listen: unix:{dir}/api.sock", "state: {dir}/state.db", "stores:"]
    lines += [f'  - {{{{id: shop-{i}, marketplace: ozon, client_id: "{i}", api_key: {{{{file: {{dir}}/shop.key}}}}, currency: RUB, '
              f'base_url: "http://127.0.0.1:{{ozon}}", poll: {{{{orders: 1s, {OFF}}}}}}}}}' for i in range(1, stores + 1)]
    lines += ["channels:",
              '  hook: {{type: webhook, url: "http://127.0.0.1:{webhook}/"}}',
              '  bad: {{type: webhook, url: "http://127.0.0.1:BAD/", timeout: 1s}}',
              "  mail: {{type: email, host: 127.0.0.1, port: {smtp}, tls: none, from: h@example.com, to: [o@example.com]}}",
              "routes:", "  - to: [hook, bad, mail]"]
    return "\n".join(lines) + "\n"
