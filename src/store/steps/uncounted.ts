/** Nobody asks how many tasks are in a state, nor kept small facts. */
export const UNCOUNTED = `
drop trigger tasks_inserted;
drop trigger tasks_deleted;
drop trigger tasks_moved;
delete from counts where name like 'tasks.%';
drop table meta;
`;
