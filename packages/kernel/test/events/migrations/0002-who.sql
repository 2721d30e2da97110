-- Which of several instances had the effect.
alter table effects add column who text;
