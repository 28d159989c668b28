/**
 * A release after a settle takes back what was booked, from the day that it was booked on: a lost create whose money
 * counted as spent turned out to have cost nothing.
 */
export const REFUNDS = `
create trigger ledger_refunded after insert on ledger
when new.kind = 'release'
  and (select kind from ledger where ref = new.ref and seq < new.seq order by seq desc limit 1) = 'settle'
begin
  update spending set amount = amount - new.amount, videos = videos - (new.what = 'video')
    where workspace = new.workspace and day = new.day and backend = new.backend and project = new.project;
  delete from spending where workspace = new.workspace and day = new.day and amount = 0 and videos = 0;
end;
`;
