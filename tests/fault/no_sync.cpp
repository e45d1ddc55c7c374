// no_sync: preloaded into a program, it makes every demand for durability succeed at once without doing anything. The planted defect of
// power_cut.
extern "C" {
int fsync(int) { return 0; }
int fdatasync(int) { return 0; }
int sync_file_range(int, long, long, unsigned) { return 0; }
}
