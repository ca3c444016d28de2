# SPDX-License-Identifier: Apache-2.0
"""Measures what a fleet of cameras needs of its broker and its database, on one machine. scripts/bench-fleet runs it.

Prints a line for each figure. Memory is the peak of the program's resident set (as /usr/bin/time -v has it).
"""
import argparse
import contextlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f'{HERE}/../examples/fleet')
import mosquitto  # noqa: E402
import postgresql  # noqa: E402

MB = 1e6


def say(what, figure):
    print(f'{what:68} {figure}', flush=True)


def measure(what, *command, **options):
    """Runs a program and prints its time, that of it in which a processor worked for it, and its memory."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f'{" ".join(command)}: ended with {process.returncode}')
    seconds = time.monotonic() - start
    busy = usage.ru_utime + usage.ru_stime
    say(what, f'{seconds:8.1f} s {busy:8.1f} s busy {usage.ru_maxrss / 1024:8.0f} MiB')
    return seconds


def play(clip, results):
    """Plays a clip. Returns the number of faces seen, summed over its frames."""
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst
    Gst.init(None)
    pipeline = Gst.parse_launch(f'filesrc location="{clip}" ! decodebin ! videoconvert ! drganfrontalize name=drgan '
                                f'display=false results-location="{results}" ! fakesink')
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(600 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    if message is None or message.type != Gst.MessageType.EOS:
        sys.exit(f'{clip} could not be played')
    faces = pipeline.get_by_name('drgan').get_property('stats').get_uint64('faces')[1]
    pipeline.set_state(Gst.State.NULL)
    return faces


def lines_of(clip, folder):
    """Plays a clip, prints what its messages weigh, and returns them as lines."""
    # In a process of its own: the memory of programs that a large process starts cannot be told from its own.
    with multiprocessing.get_context('spawn').Pool(1) as other:
        minutes = other.apply(play, (clip, f'{folder}/lines')) / 25 / 60
    with open(f'{folder}/lines', 'rb') as file:
        lines = file.readlines()
    say('face-minutes in the clip', f'{minutes:8.2f}')
    say('messages a face-minute', f'{len(lines) / minutes:8.1f}')
    say('bytes of a message, without MQTT\'s header', f'{sum(map(len, lines)) / len(lines):8.0f}')
    return lines


def broker(lines, publishers, count, folder):
    """From publishers to one subscriber, all with QoS 1 as the element has it."""
    with contextlib.closing(mosquitto.Broker('max_queued_messages 0\n')) as own:
        at = ['-h', '127.0.0.1', '-p', str(own.port), '-q', '1']
        with open(f'{folder}/many', 'wb') as file:
            file.writelines(lines[i % len(lines)] for i in range(count))
        subscriber = subprocess.Popen(['mosquitto_sub', *at, '-t', 'fleet/#', '-C', str(publishers * count)],
                                      stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        start = time.monotonic()
        senders = []
        for i in range(publishers):
            with open(f'{folder}/many', 'rb') as file:
                senders.append(subprocess.Popen(['mosquitto_pub', *at, '-t', f'fleet/cam{i}/track', '-l'], stdin=file))
        for sender in senders:
            sender.wait()
        subscriber.wait()
        rate = publishers * count / (time.monotonic() - start)
        with open(f'/proc/{own.process.pid}/stat', encoding='utf-8') as file:
            ticks = sum(map(int, file.read().rsplit(')', 1)[1].split()[11:13]))
        busy = ticks / os.sysconf('SC_CLK_TCK')
        say(f'messages a second from {publishers} publishers to one subscriber', f'{rate:8.0f}')
        say('messages a second of the broker\'s processor time', f'{publishers * count / busy:8.0f}')


def resident(process):
    with open(f'/proc/{process.pid}/statm', encoding='utf-8') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def connections(count=900):
    with contextlib.closing(mosquitto.Broker()) as own, contextlib.ExitStack() as clients:
        before = resident(own.process)
        for i in range(count):
            client = clients.enter_context(socket.create_connection(('127.0.0.1', own.port)))
            name = f'camera{i}'.encode()
            body = b'\0\4MQTT\4\2\0\0' + len(name).to_bytes(2, 'big') + name  # CONNECT, clean session, no keep-alive
            client.sendall(b'\x10' + bytes([len(body)]) + body)
            if client.recv(4) != b'\x20\2\0\0':
                sys.exit('the broker has refused a connection')
        each = (resident(own.process) - before) / count
        say(f'bytes of the broker\'s memory a connection ({count} of them)', f'{each:8.0f}')


def people(count, arguments, folder):
    gallery = f'{folder}/people'
    with open(f'{os.environ["DRGAN_BUNDLE"]}/manifest.json', encoding='utf-8') as file:
        bundle = json.load(file)['bundle_id']
    subprocess.run([arguments.bench_gallery, '--people', str(count), '--save', gallery, '--bundle-id', bundle],
                   check=True, stdout=subprocess.DEVNULL)
    size = os.path.getsize(gallery)
    say('people', f'{count:8}')
    say('people a GB of the file', f'{1e9 / size * count:8.0f}')
    with contextlib.closing(postgresql.Server()) as server:
        program, url = arguments.drgan_gallery, server.url()
        measure('push into an empty database', program, 'push', gallery, url)
        stored = int(server.sql('SELECT pg_database_size(current_database())'))
        say('people a GB of the database', f'{1e9 / stored * count:8.0f}')
        measure('push again, nothing is new', program, 'push', gallery, url)
        pulled = f'{folder}/pulled'
        seconds = measure('pull into a new file', program, 'pull', pulled, url)
        say('MB a second of it', f'{size / seconds / MB:8.0f}')
        measure('pull again, nothing is new', program, 'pull', pulled, url)
        changes(server, program, pulled, url)
        copy(server, program, gallery)
        pulls(server, folder)
        followers(server)
    element(gallery, folder)


def changes(server, program, pulled, url):
    """How long a follower takes for one change."""
    watch = subprocess.Popen([program, 'watch', pulled, url], stdout=subprocess.PIPE, text=True)
    watch.stdout.readline()
    start = time.monotonic()
    server.sql("UPDATE drgan.people SET name = 'somebody else' WHERE name = (SELECT min(name) FROM drgan.people)")
    watch.stdout.readline()
    say('watch: from a change of one person to the new file', f'{time.monotonic() - start:8.1f} s')
    watch.terminate()
    watch.wait()


def copy(server, program, gallery):
    """COPY straight into the table, as a program of one's own may do."""
    server.sql('CREATE DATABASE other')
    nobody = f'{gallery}-nobody'
    subprocess.run([program, 'create', nobody], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([program, 'push', nobody, server.url(database='other')], check=True, stdout=subprocess.DEVNULL)
    psql = f'{postgresql.programs()}/psql'
    columns = '(bundle, name, images, confidence, embedding)'
    rows = f'{gallery}-rows'
    subprocess.run([psql, '-X', '-q', '-o', rows, '-c', f'COPY drgan.people {columns} TO STDOUT (FORMAT binary)',
                    server.url()], check=True)
    with open(rows, 'rb') as file:
        measure('COPY of their rows into the table', psql, '-X', '-q', '-c',
                f'COPY drgan.people {columns} FROM STDIN (FORMAT binary)', server.url(database='other'), stdin=file)
    os.remove(rows)


def pulls(server, folder):
    """What the server does for a follower after a change of one person, by pgbench: without the follower's own work."""
    bundle = server.sql('SELECT id FROM drgan.bundles')
    newest = int(server.sql('SELECT max(revision) FROM drgan.people'))
    with open(f'{folder}/pull.sql', 'w', encoding='utf-8') as file:
        file.write(f'''BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT max(embedding_size) FROM drgan.bundles WHERE id = '{bundle}';
SELECT greatest((SELECT max(revision) FROM drgan.people WHERE bundle = '{bundle}'),
    (SELECT max(revision) FROM drgan.removed WHERE bundle = '{bundle}'), 0);
SELECT count(*) FROM drgan.removed WHERE bundle = '{bundle}' AND revision > {newest - 1};
SELECT name, p.label, p.images, p.confidence, p.embedding FROM drgan.pictures p JOIN drgan.people d USING (bundle, name)
    WHERE bundle = '{bundle}' AND d.revision > {newest - 1} ORDER BY name, position;
SELECT name, images, confidence, embedding FROM drgan.people
    WHERE bundle = '{bundle}' AND revision > {newest - 1} ORDER BY name;
COMMIT;
''')
    server.sql('VACUUM ANALYZE')
    pgbench = [f'{postgresql.programs()}/pgbench', '-n', '-c', '8', '-T', '10', '-f', f'{folder}/pull.sql']
    for what, options in (('pulls of one change a second, the server\'s part', []),
                          ('the same, with a new connection each', ['-C'])):
        out = subprocess.run([*pgbench, *options, server.url()], check=True, capture_output=True, text=True).stdout
        say(what, f'{float(out.split("tps = ")[1].split()[0]):8.0f}')


def followers(server, count=50):
    """What a connection that waits for notifications costs the server."""
    psql = [f'{postgresql.programs()}/psql', '-X', '-q', server.url()]
    waiting = [subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(count)]
    for process in waiting:
        process.stdin.write(b'LISTEN drgan_people;\n')
        process.stdin.flush()
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    postgresql.wait_for(lambda: len(server.sql(query).split()) == count)
    total = 0
    for pid in server.sql(query).split():
        with open(f'/proc/{pid}/smaps_rollup', encoding='utf-8') as file:
            total += next(int(line.split()[1]) for line in file if line.startswith('Pss:'))
    say(f'MB of PostgreSQL\'s memory a waiting connection ({count} of them)', f'{total / 1000 / count:8.1f}')
    for process in waiting:
        process.communicate()


def element(gallery, folder):
    """Until the first frame, whose names are searched exactly; then until the end, which waits for the index."""
    frame = f'{folder}/frame'
    line = f'videotestsrc num-buffers=1 ! video/x-raw,width=640,height=480 ! drganfrontalize display=false ' \
           f'gallery={gallery} ! filesink location={frame} buffer-mode=unbuffered'
    start = time.monotonic()
    process = subprocess.Popen(['gst-launch-1.0', '-q', *line.split()])
    postgresql.wait_for(lambda: process.poll() is not None or os.path.exists(frame) and os.path.getsize(frame), 600)
    first = time.monotonic() - start
    say('the element, from the start to its first frame', f'{first:8.1f} s {resident(process) / 2**20:26.0f} MiB')
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit('the element has failed')
    say('the same with its index (from 100,000 people on)',
        f'{time.monotonic() - start:8.1f} s {usage.ru_utime + usage.ru_stime:8.1f} s busy '
        f'{usage.ru_maxrss / 1024:8.0f} MiB')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--clip', help='a clip with faces, 25 frames a second; none: no messages are measured')
    parser.add_argument('--people', type=int, default=100000, help='simulated people; 0: none (default: %(default)s)')
    parser.add_argument('--publishers', type=int, default=4, help='(default: %(default)s)')
    parser.add_argument('--messages', type=int, default=50000, help='of each publisher (default: %(default)s)')
    parser.add_argument('--drgan-gallery', metavar='PROGRAM', default='drgan-gallery')
    parser.add_argument('--bench-gallery', metavar='PROGRAM', default='drgan-bench-gallery')
    arguments = parser.parse_args()
    print(f'{os.cpu_count()} cores')
    with tempfile.TemporaryDirectory(prefix='drgan-bench-fleet-') as folder:
        os.chmod(folder, 0o755)
        if arguments.clip:
            lines = lines_of(arguments.clip, folder)
            broker(lines, arguments.publishers, arguments.messages, folder)
            connections()
        if arguments.people > 0:
            people(arguments.people, arguments, folder)


if __name__ == '__main__':
    main()
