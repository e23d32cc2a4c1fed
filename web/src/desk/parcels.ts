// Which of the dropped files belong together: the parts of a shapefile are one source.

export interface Parcel {
  /** As the server will call it. */
  name: string;
  /** In the order in which they are sent. */
  files: File[];
}

/** The parts of a shapefile, the one that it cannot do without first. */
const parts = ['shp', 'shx', 'dbf', 'prj', 'cpg', 'sbn', 'sbx', 'qix', 'cst'];

function split(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1).toLowerCase()];
}

export function parcelsOf(files: readonly File[]): Parcel[] {
  const parcels = new Map<string, File[]>();
  files.forEach((file, index) => {
    const [stem, extension] = split(file.name);
    // Windows writes GRIDS.SHP beside grids.dbf.
    const key = parts.includes(extension) ? `part ${stem.toLowerCase()}` : `file ${index}`;
    parcels.set(key, [...(parcels.get(key) ?? []), file]);
  });
  const rank = (file: File) => parts.indexOf(split(file.name)[1]);
  return [...parcels.values()].map((together) => {
    const sorted = [...together].sort((a, b) => rank(a) - rank(b));
    return { name: sorted[0].name, files: sorted };
  });
}

/** A folder that was dropped gives the files in it, a few folders deep. */
export async function filesIn(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
  const plain = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const found: File[] = [];
  for (const entry of entries) if (entry) await walk(entry, 3, found);
  return found;
}

async function walk(entry: FileSystemEntry, depth: number, found: File[]): Promise<void> {
  // What the file manager left behind is no data.
  if (/^\.|^(thumbs\.db|desktop\.ini)$/i.test(entry.name) || found.length >= 200) return;
  if (entry.isFile) {
    found.push(await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)));
  } else if (depth > 0) {
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const inner of some) await walk(inner, depth - 1, found);
    }
  }
}
