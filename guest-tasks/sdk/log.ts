/**
 * Lines for the run's log: evidence for people, kept whatever the outcome,
 * bounded by the task's `log` limit.
 */
import { unitsOf } from "./canonical-abi";
import { hostLog } from "./imports";

/** Severities of wasi:logging, in its order. */
export enum Level {
  Trace,
  Debug,
  Info,
  Warn,
  Error,
  Critical,
}

/** Adds a line. `context` says which part of the task speaks; it may be empty. */
export function write(level: Level, context: string, message: string): void {
  hostLog(
    level,
    changetype<usize>(context),
    unitsOf(context),
    changetype<usize>(message),
    unitsOf(message),
  );
}

export function trace(message: string, context: string = ""): void {
  write(Level.Trace, context, message);
}

export function debug(message: string, context: string = ""): void {
  write(Level.Debug, context, message);
}

export function info(message: string, context: string = ""): void {
  write(Level.Info, context, message);
}

export function warn(message: string, context: string = ""): void {
  write(Level.Warn, context, message);
}

export function error(message: string, context: string = ""): void {
  write(Level.Error, context, message);
}

export function critical(message: string, context: string = ""): void {
  write(Level.Critical, context, message);
}
