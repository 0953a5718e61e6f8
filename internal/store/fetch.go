package store

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

const (
	maxHaves    = 256 // tips that a fetch tells the server about
	unpackBelow = 100 // objects, as git's fetch.unpackLimit: fewer become loose
	unpackBytes = 8 << 20
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Fetch brings the remote's refs/heads/ and refs/docket/ into the clone, with
// all objects that they need, and forgets those that the remote deleted. It
// does nothing unless Remote. The first fetch into an empty clone takes the
// whole history through memory; git clone does that better.
func (r *Repo) Fetch(ctx context.Context) error {
	if r.origin == nil {
		return nil
	}
	return twice(func(refused bool) error { return r.fetchOnce(ctx, refused) })
}

func (r *Repo) fetchOnce(ctx context.Context, refused bool) error {
	auth, err := r.origin.login(ctx, refused)
	if err != nil {
		return r.origin.fail("fetch from", err)
	}
	session, err := r.origin.client.NewUploadPackSession(r.origin.endpoint, auth)
	if err != nil {
		return r.origin.fail("fetch from", err)
	}
	there, err := r.fetchSession(ctx, session)
	closeErr := session.Close()
	if err != nil {
		return err
	}
	if closeErr != nil && len(there) > 0 {
		return r.origin.fail("fetch from", closeErr)
	}
	return r.trackAll(ctx, there)
}

func (r *Repo) fetchSession(ctx context.Context, session transport.UploadPackSession) (map[string]Hash, error) {
	adv, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, nil
	}
	if err != nil {
		return nil, r.origin.fail("fetch from", err)
	}
	there := advertised(adv)
	haves, err := r.haves()
	if err != nil {
		return nil, err
	}
	var wants []plumbing.Hash
	for _, h := range there {
		// That an object is here does not say that all it needs is; that a
		// fetch ended with it does.
		if want := toPlumbing(h); !slices.Contains(haves, want) && !slices.Contains(wants, want) {
			wants = append(wants, want)
		}
	}
	if len(wants) == 0 {
		return there, nil
	}
	request, err := r.newFetch(adv, wants, haves)
	if err != nil {
		return nil, err
	}
	response, err := session.UploadPack(ctx, request)
	if err != nil {
		return nil, r.origin.fail("fetch from", err)
	}
	stream := io.Reader(response)
	if request.Capabilities.Supports(capability.Sideband64k) {
		stream = sideband.NewDemuxer(sideband.Sideband64k, response)
	}
	err = r.receivePack(stream)
	return there, errors.Join(r.origin.fail("fetch from", err), response.Close())
}

func (r *Repo) newFetch(adv *packp.AdvRefs, wants, haves []plumbing.Hash) (*packp.UploadPackRequest, error) {
	request := packp.NewUploadPackRequest()
	for _, c := range []capability.Capability{capability.Sideband64k, capability.OFSDelta, capability.NoProgress} {
		if adv.Capabilities.Supports(c) {
			if err := request.Capabilities.Set(c); err != nil {
				return nil, err
			}
		}
	}
	request.Wants = wants
	request.Haves = haves[:min(len(haves), maxHaves)]
	if len(r.shallow) > 0 && adv.Capabilities.Supports(capability.Shallow) {
		if err := request.Capabilities.Set(capability.Shallow); err != nil {
			return nil, err
		}
		for _, h := range r.shallow {
			request.Shallows = append(request.Shallows, toPlumbing(h))
		}
	}
	return request, nil
}

// haves lists tips that the clone has with all that they reach: what it last
// saw on the remote, main first.
func (r *Repo) haves() ([]plumbing.Hash, error) {
	var haves []plumbing.Hash
	add := func(h Hash) {
		if !slices.Contains(haves, toPlumbing(h)) {
			if ok, err := r.objects.has(h); err == nil && ok {
				haves = append(haves, toPlumbing(h))
			}
		}
	}
	if main, err := r.readRef(trackedHeads + "main"); err == nil {
		add(main)
	}
	for _, prefix := range []string{trackedHeads, trackedDocket} {
		refs, err := r.LocalRefs(prefix)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			add(ref.Hash)
		}
	}
	return haves, nil
}

// receivePack stores what the server sends: a few objects as loose files, as
// git does, so that packs do not pile up; many as a pack.
func (r *Repo) receivePack(stream io.Reader) (err error) {
	dir := filepath.Join(r.objects.dirs[0], "pack")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "tmp_pack_") // git's prune knows the name
	if err != nil {
		return err
	}
	base := temp.Name()
	defer func() {
		err = errors.Join(err, discard(base), discard(base+".idx"), discard(base+".pack"))
	}()
	size, err := bufio.NewReaderSize(stream, 64<<10).WriteTo(temp)
	if err == nil {
		err = temp.Sync()
	}
	var index *idxfile.MemoryIndex
	var sum plumbing.Hash
	if err == nil {
		index, sum, err = indexPack(temp)
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(base, base+".pack"); err != nil {
		return err
	}
	if err := writeIndex(base+".idx", index); err != nil {
		return err
	}
	n, err := index.Count()
	if err == nil && n < unpackBelow && size < unpackBytes {
		err = r.unpackLoose(base+".idx", index)
		if !errors.Is(err, ErrTooLarge) {
			return err
		}
	}
	return r.installPack(base, filepath.Join(dir, "pack-"+sum.String()))
}

func discard(path string) error {
	if err := os.Remove(path); !isNotExist(err) {
		return err
	}
	return nil
}

// indexPack hashes everything in a pack: what it holds is known by what it
// is, not by what the server says.
func indexPack(f *os.File) (*idxfile.MemoryIndex, plumbing.Hash, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, plumbing.ZeroHash, err
	}
	writer := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(f), writer)
	if err != nil {
		return nil, plumbing.ZeroHash, err
	}
	sum, err := parser.Parse()
	if err != nil {
		return nil, sum, err
	}
	index, err := writer.Index()
	return index, sum, err
}

func writeIndex(path string, index *idxfile.MemoryIndex) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	_, err = idxfile.NewEncoder(w).Encode(index)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// installPack gives a pack its name; the index, which makes it visible, last.
func (r *Repo) installPack(temp, final string) error {
	if err := os.Chmod(temp+".pack", 0o444); err != nil {
		return err
	}
	for _, extension := range []string{".pack", ".idx"} {
		if err := os.Rename(temp+extension, final+extension); err != nil {
			return err
		}
	}
	if err := syncDir(filepath.Dir(final)); err != nil {
		return err
	}
	return r.objects.scan()
}

// unpackLoose writes the objects of a small pack as loose files.
func (r *Repo) unpackLoose(indexPath string, index *idxfile.MemoryIndex) (err error) {
	p, err := openPack(indexPath)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	entries, err := index.Entries()
	if err != nil {
		return err
	}
	w := newLooseWriter(r.objects.dirs[0])
	defer w.discard()
	for {
		e, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return w.finish()
		}
		if err != nil {
			return err
		}
		o, err := r.objects.unpack(p, int64(e.Offset), maxWhole)
		if err == nil {
			err = w.write(Hash(e.Hash), o)
		}
		if err != nil {
			return err
		}
	}
}

// trackAll notes where all refs of the remote are now.
func (r *Repo) trackAll(ctx context.Context, there map[string]Hash) error {
	for _, prefix := range []string{headsPrefix, docketPrefix} {
		refs, err := r.Refs(prefix)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			if _, still := there[ref.Name]; !still {
				if err := r.track(ctx, ref.Name, Hash{}); err != nil {
					return err
				}
			}
		}
	}
	for name, h := range there {
		if err := r.track(ctx, name, h); err != nil {
			return err
		}
	}
	return nil
}
