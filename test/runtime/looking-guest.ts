/** A task that looks at state twice, with work in between. */
import { GET, HANDLE, i32s, KEYS, NAMES, OPEN, OPENED, PUBLISH, times } from './guest-calls.js';
import { taskComponent } from './wat-component.js';

/** Reads the key "1" of its bucket, works for a while, lists the keys, and publishes both to "out". */
export function lookingGuest(rounds: number): Promise<Uint8Array> {
  return taskComponent({
    imports: `${PUBLISH} ${OPEN} ${GET} ${KEYS}
    (import "wasi:keyvalue/store@0.2.0-draft" "[resource-drop]bucket" (func $drop (param i32)))`,
    realloc: `(global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -8)))
    (global.set $at (global.get $free))
    (global.set $free (i32.add (global.get $free) (local.get 3)))
    (global.get $at)`,
    fields: `${NAMES} (global $free (mut i32) (i32.const 2048)) (global $at (mut i32) (i32.const 0))
    (func $nothing)
    (func $work (local $i i32) ${times(rounds, '(call $nothing)')})`,
    body: `${OPENED}
    (call $get ${HANDLE} ${i32s(272, 1, 640)})
    (call $drop ${HANDLE})
    (call $work)
    ${OPENED}
    (call $keys ${HANDLE} ${i32s(0)} (i64.const 0) (i32.const 768))
    (call $drop ${HANDLE})
    (i64.store (i32.const 64) (i64.const 0x740075006f))
    (call $publish ${i32s(64, 3, 640, 3072, 0, 0, 0, 600)})
    (i64.store (i32.const 0) (i64.const 0))`,
  });
}
