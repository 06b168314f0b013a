"""Stand-in for pulumi-language-python-exec: runs a program with the official SDK, as the language host asks for it."""

import argparse
import asyncio
import os
import runpy

import pulumi.runtime

parser = argparse.ArgumentParser()
for option in ("monitor", "engine", "project", "stack", "organization", "root-directory", "pwd"):
    parser.add_argument(f"--{option}")
parser.add_argument("--parallel", type=int)
parser.add_argument("--dry-run", action="store_true")
parser.add_argument("program")
args = parser.parse_args()

os.chdir(args.pwd)
pulumi.runtime.set_all_config(pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env())
pulumi.runtime.configure(
    pulumi.runtime.Settings(
        monitor=args.monitor,
        engine=args.engine,
        project=args.project,
        stack=args.stack,
        parallel=args.parallel,
        dry_run=args.dry_run,
        organization=args.organization,
        root_directory=args.root_directory,
    )
)
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: runpy.run_path(args.program, run_name="__main__")))
