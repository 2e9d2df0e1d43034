-- What the table declarations cannot express. Run after the migrations whenever this file has changed, so each statement
-- may run again and again. Locks tables in the order in which appendAudit does: the head first.

-- The head only moves on.
create or replace function audit_head_keep() returns trigger language plpgsql as $$
begin
  if tg_op <> 'UPDATE' or new.seq < old.seq or new.cut_seq < old.cut_seq or new.cut_seq > new.seq then
    raise exception 'the head of the audit log only moves on' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create or replace trigger audit_head_keep before update or delete on audit_head
  for each row execute function audit_head_keep();
create or replace trigger audit_head_keep_all before truncate on audit_head
  for each statement execute function audit_head_keep();

-- Audit entries are only added. The oldest may be deleted, but only those that audit_head says are cut off.
create or replace function audit_entry_keep() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.seq <= coalesce((select cut_seq from audit_head), 0) then
    return old;
  end if;
  raise exception 'audit entries are never changed or deleted' using errcode = 'restrict_violation';
end $$;

create or replace trigger audit_entry_keep before update or delete on audit_entry
  for each row execute function audit_entry_keep();
create or replace trigger audit_entry_keep_all before truncate on audit_entry
  for each statement execute function audit_entry_keep();
